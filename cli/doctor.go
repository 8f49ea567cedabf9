package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"sslmem/cli/rundir"
	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/augment/fused"
	"sslmem/data/picture"
	"sslmem/data/picture/turbo"
	"sslmem/ssl"
	"sslmem/torch"
)

// A finding is one line of the doctor.
type finding struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"` // what to do, if not OK
}

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "check libtorch, devices, memory, disk and data, and time a few training steps",
		Description: `Prints one line a check and, for what is wrong, what to do about it. The exit
code is 1 if anything is wrong.`,
		Flags: []cli.Flag{jsonFlag()},
		Action: func(c *cli.Context) error {
			findings := examine(c.Context)
			if err := printFindings(c.App.Writer, findings, c.Bool("json")); err != nil {
				return err
			}
			for _, f := range findings {
				if !f.OK {
					return fmt.Errorf("%s is not as it should be; %s", f.Name, f.Fix)
				}
			}
			return nil
		},
	}
}

func printFindings(w io.Writer, findings []finding, asJSON bool) error {
	if asJSON {
		return printJSON(w, findings)
	}
	for _, f := range findings {
		mark := "ok  "
		if !f.OK {
			mark = "FAIL"
		}
		fmt.Fprintf(w, "%s  %-9s %s\n", mark, f.Name, f.Detail)
		if !f.OK {
			fmt.Fprintf(w, "                %s\n", f.Fix)
		}
	}
	return nil
}

const (
	needMemory = 2 << 30 // resident, of the demo with room to spare
	needDisk   = 1 << 30 // for runs
)

func examine(ctx context.Context) []finding {
	e := rundir.Inspect("", "")
	out := []finding{
		{Name: "machine", OK: true, Detail: fmt.Sprintf("%s, %d cores, %s", e.CPU, e.Cores, e.OS)},
		{
			Name: "memory", OK: e.Memory == 0 || e.Memory >= needMemory, Detail: fmt.Sprintf("%.1f GB", float64(e.Memory)/1e9),
			Fix: fmt.Sprintf("training wants at least %d GB; lower recipe.batch_size and recipe.width", needMemory>>30),
		},
		disk(),
		library(),
	}
	if !out[len(out)-1].OK {
		return append(out, images())
	}
	return append(out, devices(), images(), speed(ctx))
}

func disk() finding {
	var s unix.Statfs_t
	if err := unix.Statfs(".", &s); err != nil {
		return finding{Name: "disk", Detail: err.Error(), Fix: "change to a folder that can be read"}
	}
	free := s.Bavail * uint64(s.Bsize)
	return finding{
		Name: "disk", OK: free >= needDisk, Detail: fmt.Sprintf("%.1f GB free here", float64(free)/1e9),
		Fix: "free some space, or choose another place for runs with --out",
	}
}

func library() finding {
	if err := torch.Init(); err != nil {
		return finding{Name: "libtorch", Detail: err.Error(), Fix: "run ./build.sh in the source tree"}
	}
	return finding{Name: "libtorch", OK: true, Detail: fmt.Sprintf("%s, %d threads, %s", torch.Version(), torch.NumThreads(), torch.LibraryPath())}
}

// devices never fails: a machine without a GPU is a machine to work on.
func devices() finding {
	n, err := torch.CUDACount()
	switch {
	case err != nil:
		return finding{Name: "devices", OK: true, Detail: "cpu (this libtorch is set up without CUDA)"}
	case n == 0:
		return finding{Name: "devices", OK: true, Detail: "cpu (libtorch finds no GPU)"}
	}
	return finding{Name: "devices", OK: true, Detail: fmt.Sprintf("cpu, %d CUDA devices", n)}
}

// system is where Debian's package dataset-fashion-mnist puts the whole set.
const system = "/usr/share/datasets/fashion-mnist"

func images() finding {
	train, test, err := data.FashionMNIST()
	if err != nil {
		return finding{Name: "data", Detail: err.Error(), Fix: "the program is damaged; build it again with ./build.sh"}
	}
	detail := fmt.Sprintf("fashion-mnist carried: %d training and %d test images", train.Len(), test.Len())
	if exists(system) {
		detail += "; all 70,000 in " + system
	}
	detail += "; JPEGs are decoded by " + picture.JPEGDecoder()
	if turbo.Library() == "" {
		detail += " (libjpeg-turbo is faster: apt install libturbojpeg0)"
	}
	return finding{Name: "data", OK: true, Detail: detail}
}

// speedSteps is how many training steps are timed.
const speedSteps = 20

// speed times the demo's training against the drawing of its views.
func speed(ctx context.Context) finding {
	f := finding{Name: "speed", Fix: "run sslmem doctor again; if it stays, the message says what libtorch could not do"}
	s := Defaults()
	train, err := openData(s.Data)
	if err != nil {
		f.Detail = err.Error()
		return f
	}
	torch.SetNumThreads(s.Threads)
	views, err := drawingRate(train, s.Recipe.Augment)
	if err != nil {
		f.Detail = err.Error()
		return f
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var last ssl.Progress
	l := ssl.Loop{Recipe: s.Recipe, Data: train, Index: firstImages(speedSteps * s.Recipe.BatchSize), Report: func(p ssl.Progress) {
		if last = p; p.Step == speedSteps {
			cancel()
		}
	}}
	if _, err := l.Run(ctx); !errors.Is(err, ssl.ErrStopped) {
		f.Detail = fmt.Sprint(err)
		return f
	}
	f.OK = true
	f.Detail = fmt.Sprintf("training %s views/s (%s of width %d), drawing views %s/s, each on one core",
		thousands(last.ViewsPerSecond), s.Recipe.Model, s.Recipe.Width, thousands(views))
	if views < 2*last.ViewsPerSecond {
		f.Detail += "; drawing views is a large part of the work"
	}
	return f
}

// drawingRate returns how many views one core draws in a second.
func drawingRate(d *data.Dataset, r augment.Recipe) (float64, error) {
	r = r.Fit(d)
	index := firstImages(256)
	out := make([]float32, len(index)*d.C*r.Size*r.Size)
	start, n := time.Now(), 0
	for time.Since(start) < 200*time.Millisecond {
		if err := fused.Batch(out, r, d, index, augment.Key{Epoch: n}, fused.Layout{ChannelsLast: true}, 1); err != nil {
			return 0, err
		}
		n += len(index)
	}
	return float64(n) / time.Since(start).Seconds(), nil
}

func firstImages(n int) []int {
	index := make([]int, n)
	for i := range index {
		index[i] = i
	}
	return index
}
