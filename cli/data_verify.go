package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"sslmem/data"
	"sslmem/data/fetch"
	"sslmem/data/picture"
)

// maxBroken is how many broken images are listed.
const maxBroken = 20

func dataVerifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "compare official files with their checksums and decode every image",
		ArgsUsage: takesData,
		Description: `Files that have the name of an official one are compared with the MD5 sum that
its authors publish; "other" stands before files with a name that several data
sets use and the content of none of these. Then the data set is opened and every
image decoded. The exit code is 1 if anything is wrong.`,
		Action: func(c *cli.Context) error {
			ref := c.Args().First()
			wrong := 0
			if path, _, _ := data.Locate(ref); path != data.Carried {
				var err error
				if wrong, err = verifySums(c.App.Writer, path); err != nil {
					return err
				}
			}
			if wrong > 0 {
				return fmt.Errorf("%d files are not as they were published; move them away and get them again: sslmem data get", wrong)
			}
			s, err := data.OpenSet(ref)
			if err != nil {
				return err
			}
			defer s.Close()
			broken := 0
			for _, part := range []data.Source{s.Train, s.Test} {
				if part != nil {
					broken += decodeAll(c.App.Writer, part, maxBroken-broken)
				}
			}
			if broken > 0 {
				return fmt.Errorf("%d images of %s cannot be decoded; replace or remove their files", broken, ref)
			}
			n := s.Train.Len()
			if s.Test != nil {
				n += s.Test.Len()
			}
			_, err = fmt.Fprintf(c.App.Writer, "ok    %s: all %d images can be decoded\n", s.Format, n)
			return err
		},
	}
}

// verifySums compares the files at and right below path that have official names.
// It prints a line each and returns how many are wrong. Many data sets share the four
// names of MNIST; which one it should be is told by the name of the folder, and
// where that is none of them, other content is not wrong.
func verifySums(w io.Writer, path string) (wrong int, err error) {
	official := map[string][]string{} // sums by file name
	meant, known := data.Lookup(filepath.Base(filepath.Clean(path)))
	for _, e := range data.Catalogue() {
		if known && e.Name != meant.Name {
			continue
		}
		for _, f := range e.Files {
			official[f.Name] = append(official[f.Name], f.MD5)
		}
	}
	err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && p != path {
			return fs.SkipDir
		}
		sums := official[d.Name()]
		if d.IsDir() || len(sums) == 0 {
			return nil
		}
		got, err := fetch.Sum(p)
		if err != nil {
			return err
		}
		verdict := "ok   "
		switch {
		case slices.Contains(sums, got):
		case len(sums) > 1:
			verdict = "other"
		default:
			verdict = "WRONG"
			wrong++
		}
		fmt.Fprintf(w, "%s %s  md5 %s\n", verdict, p, got)
		return nil
	})
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil // what is missing is told by OpenSet
	}
	return wrong, err
}

// decodeAll decodes all images, prints the errors of at most most of them, and
// returns how many there are.
func decodeAll(w io.Writer, s data.Source, most int) (broken int) {
	var im picture.Image
	for i := range s.Len() {
		if err := s.Decode(i, &im); err != nil {
			if broken++; broken <= most {
				fmt.Fprintln(w, "WRONG", err)
			}
		}
	}
	return broken
}
