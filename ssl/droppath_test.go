package ssl_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"sslmem/data/augment"
	"sslmem/ssl"
	"sslmem/torch/torchtest"
)

// droppedLoop trains DINO with a ViT that drops paths, and local views.
func droppedLoop(t *testing.T, rate float64) *ssl.Loop {
	t.Helper()
	l := methodLoop(t, "dino", 2)
	l.Recipe.Model, l.Recipe.Width, l.Recipe.PatchSize, l.Recipe.DropPath = "vit_tiny", 6, 4, rate
	l.Recipe.LocalViews, l.Recipe.Local = 1, &augment.Recipe{Name: "local", Size: 16, ScaleMin: .1, ScaleMax: .4, RatioMin: 1, RatioMax: 1}
	return l
}

// Which paths are dropped depends on the seed and the step only: a training that is
// stopped after every step is bit for bit the one that was never stopped.
func TestDropPathResumes(t *testing.T) {
	torchtest.NoLeak(t)
	want := final(t, droppedLoop(t, .5))
	l := droppedLoop(t, .5)
	for step := 1; step < 6; step++ {
		ctx, stop := context.WithCancel(context.Background())
		l.Report = func(ssl.Progress) { stop() }
		if _, err := l.Run(ctx); !errors.Is(err, ssl.ErrStopped) {
			t.Fatalf("after step %d: error %v, want ErrStopped", step, err)
		}
	}
	if !bytes.Equal(final(t, l), want) {
		t.Error("the last checkpoint differs from that of a training never stopped")
	}
	if bytes.Equal(final(t, droppedLoop(t, .25)), want) {
		t.Error("another rate changes nothing")
	}
}
