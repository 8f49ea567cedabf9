package report

// What tests of the page compare it with.
var (
	Words     = words
	Mark      = mark
	Href      = href
	Script    = script
	Policy    = policy
	ImageSize = thumbnailSide
)
