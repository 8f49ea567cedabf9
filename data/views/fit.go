package views

import (
	"fmt"

	"sslmem/data"
	"sslmem/data/augment"
)

// FitImages is how many images Fit looks at of those that are not in memory.
const FitImages = 2048

// Fit returns r with what it leaves open taken from the images, as
// [augment.Recipe.Fit] does for images in memory. Of images that have to be
// decoded, Mean and Std are those of FitImages of them, evenly spread over the
// set, or of all if there are no more; then they are what they would be in
// memory. It is an error if Size is open and images are of many sizes, or an
// image cannot be decoded.
func Fit(r augment.Recipe, images data.Images) (augment.Recipe, error) {
	if d, ok := images.(*data.Dataset); ok {
		return r.Fit(d), nil
	}
	if r.Size == 0 {
		_, h, _ := images.Shape()
		if h == 0 {
			return r, fmt.Errorf("the images are of many sizes; give the size that all shall have, or that of the views")
		}
		r.Size = h
	}
	if len(r.Mean) != 0 || len(r.Std) != 0 {
		return r, nil
	}
	st, err := data.Measure(images, FitImages)
	if err != nil {
		return r, fmt.Errorf("cannot fit the normalisation of the views: %w", err)
	}
	r.Mean, r.Std = st.Normalisation()
	return r, nil
}
