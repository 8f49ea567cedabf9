package cli

import (
	"fmt"
	"slices"

	"sslmem/data"
)

// labelledSets are the images that encoders are evaluated on.
type labelledSets struct {
	name                  string
	train, test           data.Images
	trainIndex, testIndex []int
	testIs                string // what the test images are
}

// openLabelled opens the training and test images of a data set that have a class.
// Where there are no test images, every fifth training image is one.
func openLabelled(s Settings) (sets labelledSets, err error) {
	if sets.train, err = openImages(s); err != nil {
		return sets, err
	}
	sets.name, _ = sets.train.Title()
	if sets.train.ClassNames() == nil {
		return sets, fmt.Errorf("%s has no classes, so encoders cannot be evaluated on it; use a data set with classes, such as --data %s", sets.name, data.Carried)
	}
	if sets.test, err = openTest(s); err != nil {
		return sets, err
	}
	all := evenly(sets.train.Len(), sets.train.Len())
	if sets.test != nil {
		if !slices.Equal(sets.train.ClassNames(), sets.test.ClassNames()) {
			return sets, fmt.Errorf("the training and the test images of %s are of other classes than each other", sets.name)
		}
		sets.testIs = "the test set"
		sets.trainIndex, sets.testIndex = labelled(sets.train, all), labelled(sets.test, evenly(sets.test.Len(), sets.test.Len()))
	} else {
		sets.test, sets.testIs = sets.train, "every fifth training image, as there is no test set"
		for k, i := range labelled(sets.train, all) {
			if k%5 == 4 {
				sets.testIndex = append(sets.testIndex, i)
			} else {
				sets.trainIndex = append(sets.trainIndex, i)
			}
		}
	}
	if len(sets.trainIndex) == 0 || len(sets.testIndex) == 0 {
		return sets, fmt.Errorf("%s has no two classes of images to tell apart", sets.name)
	}
	return sets, nil
}
