package torch_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

func TestMain(m *testing.M) {
	if run := os.Getenv("SSLMEM_TEST_CHILD"); run != "" {
		os.Exit(child(run))
	}
	torchtest.Main(m)
}

// child is this program run again by a test, to do what would spoil the rest.
func child(what string) int {
	switch what {
	case "init":
		err := torch.Init()
		fmt.Println(err, errors.Is(err, torch.ErrNoLibrary))
		fmt.Println(torch.Try(func() { torch.NewScope().Zeros([]int{2}, torch.Float32, torch.CPU) }))
		fmt.Printf("%q %q %d\n", torch.Version(), torch.LibraryPath(), torch.Live())
	case "relief":
		fmt.Println(reliefChild())
	case "memory":
		fmt.Println(peakOfAdds(1500, 10, 4<<20))
	case "train":
		torch.SetNumThreads(1)
		fmt.Println(train(trainingSteps()))
	case "recompute", "keep":
		fmt.Println(deepNet(what == "recompute"))
	}
	return 0
}

// vector returns a float32 vector of s.
func vector(s *torch.Scope, v ...float32) *torch.Tensor { return torch.FromSlice(s, v) }

// mustFail runs fn and returns the *torch.Error it must panic with; the error
// is of the kind, and its text has all the parts.
func mustFail(t *testing.T, kind torch.Kind, fn func(), parts ...string) *torch.Error {
	t.Helper()
	err := torch.Try(fn)
	var e *torch.Error
	if !errors.As(err, &e) {
		t.Errorf("error %v, want a *torch.Error", err)
		return nil
	}
	if e.Kind != kind {
		t.Errorf("kind %v, want %v: %v", e.Kind, kind, err)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q lacks %q", err, part)
		}
	}
	return e
}
