package cli

import (
	"errors"
	"fmt"

	"sslmem/data"
)

// openImages opens the training images of the settings, with sides of image_size
// or, if that is 0, as they are. Those of image files are decoded into memory if
// they take no more than memory_mb there. Otherwise, and where they are of many
// sizes of which the views are cut, they are decoded as they are needed, and their
// archives stay open while the program runs.
func openImages(s Settings) (data.Images, error) {
	set, err := data.OpenSet(s.Data)
	if err != nil {
		return nil, fmt.Errorf("data %q: %w", s.Data, err)
	}
	images, err := decodeImages(set.Train, s)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("data %q: %w", s.Data, err), set.Close())
	}
	if _, decoded := images.(*data.Dataset); decoded {
		return images, set.Close()
	}
	return images, nil
}

// openTest opens the test images of the settings like the others, nil if there are none.
func openTest(s Settings) (data.Images, error) {
	set, err := data.OpenSet(s.Data)
	if err != nil {
		return nil, fmt.Errorf("data %q: %w", s.Data, err)
	}
	if set.Test == nil {
		return nil, set.Close()
	}
	images, err := decodeImages(set.Test, s)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("test images of data %q: %w", s.Data, err), set.Close())
	}
	if _, decoded := images.(*data.Dataset); decoded {
		return images, set.Close()
	}
	return images, nil
}

func decodeImages(source data.Source, s Settings) (data.Images, error) {
	size, memory := s.ImageSize, int64(s.MemoryMB)<<20
	if _, decoded := source.(*data.Dataset); !decoded {
		bytes, err := data.Bytes(source, size)
		if err != nil {
			return nil, err
		}
		if bytes > memory {
			lazy, err := data.NewLazy(source, size)
			if err != nil {
				return nil, err
			}
			return lazy, s.checkSizes(lazy, nil)
		}
	}
	images, err := data.Load(source, size)
	if errors.Is(err, data.ErrSizes) {
		lazy, failed := data.NewLazy(source, 0)
		if failed != nil {
			return nil, failed
		}
		return lazy, s.checkSizes(lazy, err)
	}
	if err != nil {
		return nil, err
	}
	return images, images.Check()
}

// checkSizes returns an error if images are of many sizes and the views shall
// be as large as they are. found is the error that told that they are.
func (s Settings) checkSizes(images data.Images, found error) error {
	c, h, _ := images.Shape()
	s.fit(c)
	if h != 0 || s.Recipe.Augment.Size != 0 {
		return nil
	}
	if found == nil {
		found = fmt.Errorf("the images may be of many sizes: %w", data.ErrSizes)
	}
	return fmt.Errorf("%w, such as: --set image_size=96", found)
}

// openData reads the training images of a data set into memory.
func openData(name string) (*data.Dataset, error) {
	train, _, err := data.Open(name)
	if err != nil {
		return nil, fmt.Errorf("data %q: %w", name, err)
	}
	return train, nil
}
