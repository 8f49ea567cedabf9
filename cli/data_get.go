package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"sslmem/data"
	"sslmem/data/atomicfile"
	"sslmem/data/fetch"
	"sslmem/internal/nearest"
)

func dataGetCommand() *cli.Command {
	return &cli.Command{
		Name:      "get",
		Usage:     "download a data set from its official address",
		ArgsUsage: takesName,
		Description: `Fetches the official files into a folder of the name of the data set, each checked
against its published MD5 sum. What was cut off goes on where it stopped. If
there is no network, the addresses and the places are printed, so that the files
can be brought in another way.

   sslmem data get cifar10
   sslmem data get --all svhn            also the 531,131 extra images`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "to", Usage: "`FOLDER` in which the data set gets its own (default: $SSLMEM_DATA or ~/.local/share/sslmem/data)"},
			&cli.BoolFlag{Name: "all", Usage: "also the files that are not needed for the usual parts"},
		},
		Action: func(c *cli.Context) error {
			e, err := lookupData(c.Args().First())
			if err != nil {
				return usageError{err}
			}
			home := c.String("to")
			if home == "" {
				home = data.Home()
			}
			g := getter{entry: e, dir: filepath.Join(home, e.Name), all: c.Bool("all"), out: c.App.Writer, err: c.App.ErrWriter, system: system}
			if err := g.get(c.Context); err != nil {
				return err
			}
			use := g.dir
			if home == data.Home() {
				use = e.Name
			}
			_, err = fmt.Fprintf(c.App.Writer, "%s is in %s; use it with: %s train --data %s\n", e.Title, g.dir, program(), use)
			return err
		},
	}
}

// lookupData finds a data set that can be got; fashion-mnist means the whole of it.
func lookupData(name string) (data.Entry, error) {
	if name == data.Carried {
		name = allFashion
	}
	if e, ok := data.Lookup(name); ok {
		return e, nil
	}
	var known []string
	for _, e := range data.Catalogue() {
		known = append(known, e.Name)
	}
	hint := "known are " + strings.Join(known, ", ")
	if near, ok := nearest.Word(name, known); ok {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	return data.Entry{}, fmt.Errorf("there is no data set %q; %s", name, hint)
}

// A getter brings one data set into a folder.
type getter struct {
	entry    data.Entry
	dir      string
	all      bool
	out, err io.Writer
	system   string // where Debian's package puts Fashion-MNIST
	options  fetch.Options
}

// files are those to get.
func (g *getter) files() []data.File {
	var files []data.File
	for _, f := range g.entry.Files {
		if g.all || !f.Optional {
			files = append(files, f)
		}
	}
	return files
}

func (g *getter) get(ctx context.Context) error {
	if g.entry.Manual != "" {
		g.instruct()
		return fmt.Errorf("%s cannot be fetched by a program: %s", g.entry.Title, g.entry.Manual)
	}
	if g.entry.Name == allFashion && g.takeSystem() {
		return nil
	}
	for _, f := range g.files() {
		path := filepath.Join(g.dir, filepath.FromSlash(f.Name))
		o := g.options
		progress := newDownload(g.err, f.Name)
		o.Progress = progress.tell
		err := fetch.Get(ctx, fetch.File{URLs: f.URLs, Path: path, MD5: f.MD5}, o)
		progress.end()
		if errors.Is(err, fetch.ErrNetwork) {
			g.instruct()
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(g.out, "ok    %s\n", path)
	}
	return nil
}

// instruct prints what to place where.
func (g *getter) instruct() {
	fmt.Fprintf(g.out, "To bring %s here in another way, place these files:\n", g.entry.Title)
	for _, f := range g.files() {
		from := g.entry.Page
		if len(f.URLs) > 0 {
			from = strings.Join(f.URLs, "\n     or ")
		}
		fmt.Fprintf(g.out, "  %s\n   from %s\n   md5  %s\n", filepath.Join(g.dir, filepath.FromSlash(f.Name)), from, f.MD5)
	}
	fmt.Fprintf(g.out, "and then check them with: %s data verify %s\n", program(), g.dir)
}

// takeSystem copies Fashion-MNIST from where Debian's package installed it, if
// it is there and is what it should be, and reports whether that was done.
func (g *getter) takeSystem() bool {
	if !exists(g.system) || exists(g.dir) {
		return false
	}
	train, test, err := data.Open(g.system)
	if err != nil || train.Len() != g.entry.Train || test.Len() != g.entry.Test || train.Name != data.Carried {
		fmt.Fprintf(g.err, "%s is passed over: it does not hold the whole of Fashion-MNIST\n", g.system)
		return false
	}
	if err := g.copySystem(); err != nil {
		fmt.Fprintf(g.err, "%s is passed over: %v\n", g.system, err)
		return false
	}
	fmt.Fprintf(g.out, "ok    copied from %s\n", g.system)
	return true
}

func (g *getter) copySystem() error {
	if err := os.MkdirAll(g.dir, 0o777); err != nil {
		return err
	}
	for _, f := range g.entry.Files {
		for _, name := range []string{f.Name, strings.TrimSuffix(f.Name, ".gz")} {
			from, err := os.Open(filepath.Join(g.system, name))
			if err != nil {
				continue
			}
			err = atomicfile.Write(filepath.Join(g.dir, name), func(w io.Writer) error {
				_, err := io.Copy(w, from)
				return err
			})
			from.Close()
			if err != nil {
				return err
			}
			break
		}
	}
	return nil
}

// A download tells how far a file is: a moving line on a terminal, a plain line
// every few seconds elsewhere.
type download struct {
	w       io.Writer
	name    string
	bar     *progressbar.ProgressBar
	printed time.Time
}

func newDownload(w io.Writer, name string) *download {
	return &download{w: w, name: name, printed: time.Now()}
}

func (d *download) tell(here, total int64) {
	if f, ok := d.w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if d.bar == nil {
			if total == 0 {
				total = -1
			}
			d.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(d.w), progressbar.OptionSetDescription(d.name),
				progressbar.OptionShowBytes(true), progressbar.OptionThrottle(100*time.Millisecond),
				progressbar.OptionUseANSICodes(true), progressbar.OptionClearOnFinish())
		}
		_ = d.bar.Set64(here) // a terminal that is gone is no reason to stop
		return
	}
	if time.Since(d.printed) > 5*time.Second {
		d.printed = time.Now()
		fmt.Fprintf(d.w, "%s  %.1f of %.1f MB\n", d.name, float64(here)/1e6, float64(total)/1e6)
	}
}

// end closes the moving line.
func (d *download) end() {
	if d.bar != nil {
		_ = d.bar.Exit()
		fmt.Fprint(d.w, "\r\033[K")
	}
}
