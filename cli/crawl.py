"""`comicdata crawl`: from a site, a folder or a CBZ to stored episodes."""
