package cli

import (
	"fmt"
	"path/filepath"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"sslmem/data"
)

// What the commands below data take as their argument.
const (
	takesData = "DATA" // a name or a path
	takesName = "NAME" // a name of the catalogue
)

func dataCommand() *cli.Command {
	c := &cli.Command{
		Name:  "data",
		Usage: "list, get, check and look at data sets",
		Description: `Data sets are named as in "sslmem data list", or given as the path of a folder,
an archive or a file; the format is recognised from names and content. A part
follows after "#": stl10#unlabeled, svhn#extra, emnist#letters.

   sslmem data list
   sslmem data get cifar10
   sslmem data info cifar10
   sslmem train --data cifar10`,
		Subcommands: []*cli.Command{dataListCommand(), dataInfoCommand(), dataVerifyCommand(), dataGetCommand(), dataPreviewCommand()},
	}
	c.Action = func(ctx *cli.Context) error { return startOf(ctx, c) }
	return c
}

// listed is one line of the list.
type listed struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Train   int    `json:"train"`
	Test    int    `json:"test"`
	Shape   string `json:"shape"`
	Classes int    `json:"classes"`
	Licence string `json:"licence"`
	Page    string `json:"page"`
	Here    string `json:"here,omitempty"` // its place on this machine
}

func dataListCommand() *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list the data sets that are known, and those that are on this machine",
		Flags: []cli.Flag{jsonFlag()},
		Action: func(c *cli.Context) error {
			list, err := listData()
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return printJSON(c.App.Writer, list)
			}
			w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "NAME\tTRAINING\tTEST\tIMAGES\tCLASSES\tHERE\tLICENCE\tSOURCE")
			for _, l := range list {
				here := "no"
				if l.Here != "" {
					here = l.Here
				}
				fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%d\t%s\t%s\t%s\n", l.Name, l.Train, l.Test, l.Shape, l.Classes, here, l.Licence, l.Page)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.App.Writer, "\nData sets are kept in %s ($SSLMEM_DATA). Folders and archives of images, NumPy\nfiles and WebDataset shards are used by their path.\n", data.Home())
			return err
		},
	}
}

// listData returns the carried images and the catalogue.
func listData() ([]listed, error) {
	train, test, err := data.FashionMNIST()
	if err != nil {
		return nil, err
	}
	list := []listed{{
		Name: data.Carried, Title: "Fashion-MNIST, the part that the program carries", Train: train.Len(), Test: test.Len(),
		Shape: "1×28×28", Classes: len(train.Classes), Licence: "MIT", Page: "https://github.com/zalandoresearch/fashion-mnist", Here: "carried",
	}}
	for _, e := range data.Catalogue() {
		l := listed{Name: e.Name, Title: e.Title, Train: e.Train, Test: e.Test, Shape: e.Shape, Classes: e.Classes, Licence: e.Licence, Page: e.Page}
		for _, dir := range placesOf(e) {
			if exists(dir) {
				l.Here = dir
				break
			}
		}
		list = append(list, l)
	}
	return list, nil
}

// placesOf returns the folders in which a data set may lie.
func placesOf(e data.Entry) []string {
	places := []string{filepath.Join(data.Home(), e.Name)}
	if e.Name == allFashion {
		places = append(places, system)
	}
	return places
}

// allFashion is the name of the whole of Fashion-MNIST; its short name is that of
// the carried part, for ever, so that runs can be repeated.
const allFashion = "fashion-mnist-70k"
