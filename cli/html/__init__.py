"""Pages for people: one offline HTML file each."""
