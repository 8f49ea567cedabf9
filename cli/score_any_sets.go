package cli

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"sslmem/data"
	"sslmem/mem"
)

// setFlags name the files of the sets.
var setFlags = []string{"shared", "candidate", "independent", "external"}

// readSets reads the sets that the flags name: a file of splits, or a file of indices
// for each.
func readSets(c *cli.Context) (data.Splits, error) {
	var s data.Splits
	var given []string
	for _, name := range setFlags {
		if c.IsSet(name) {
			given = append(given, "--"+name)
		}
	}
	path := c.String("split")
	if path == "" && len(given) == 0 && c.IsSet("config") {
		path = splitsBeside(c.String("config"))
	}
	switch {
	case path != "" && len(given) > 0:
		return s, usageError{fmt.Errorf("give a file of splits or one a set, not --split and %s", strings.Join(given, ", "))}
	case path == "" && len(given) == 0:
		return s, usageError{fmt.Errorf("say which images the encoders saw: --split FILE, or --candidate FILE (seen by f only) with --shared, --independent and --external")}
	case path != "":
		s, err := data.LoadSets(path)
		if err == nil && len(s.Candidate) == 0 {
			err = fmt.Errorf("the candidate set in %s is empty; without images that f alone has seen there is nothing to score", path)
		}
		return s, err
	case c.String("candidate") == "":
		return s, usageError{fmt.Errorf("there is no candidate set; give with --candidate FILE the images that f alone has seen")}
	}
	for i, to := range []*[]int{&s.Shared, &s.Candidate, &s.Independent, &s.External} {
		if path := c.String(setFlags[i]); path != "" {
			index, err := data.LoadIndices(path)
			if err != nil {
				return s, err
			}
			*to = index
		}
	}
	return s, nil
}

// fitSets holds sets against the images that they are of, and says so in the sets. The
// warning is there if they may be of another data set.
func fitSets(s *data.Splits, images data.Images) ([]mem.Warning, error) {
	name, _ := images.Title()
	if s.N != 0 && s.N != images.Len() {
		return nil, fmt.Errorf("the sets are of %d images, but %s has %d: give the data set with which they were made", s.N, name, images.Len())
	}
	if err := mem.CheckMembers(members(*s), images.Len()); err != nil {
		return nil, err
	}
	var warnings []mem.Warning
	if s.Dataset != "" && s.Dataset != name {
		warnings = append(warnings, mem.Warning{Name: "other_data", Text: fmt.Sprintf("The sets were made for %s, but these are the images of %s. That is right only if their order is the same.", s.Dataset, name)})
	}
	s.Dataset, s.N = name, images.Len()
	return warnings, nil
}
