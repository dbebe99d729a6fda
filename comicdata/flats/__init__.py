"""Line art to flats: hints, the colours that a person gives by place."""
