package ssl_test

import (
	"math"
	"strings"
	"testing"

	"sslmem/ssl"
	"sslmem/torch/torchtest"
)

// A batch in parts gives the loss and the gradients of the whole batch for every
// method that allows parts, but for batch norm, which sees a part at a time: here it is
// in evaluation. Methods that compare the images of a batch refuse parts with the reason.
func TestEveryMethodInParts(t *testing.T) {
	for _, m := range ssl.Methods() {
		t.Run(m.Name, func(t *testing.T) {
			torchtest.NoLeak(t)
			l := methodLoop(t, m.Name, 1)
			l.Recipe.Optimizer.WarmupEpochs = 0
			if m.Mixes != "" {
				l.Recipe.Accumulate = 2
				if err := l.Check(); err == nil || !strings.Contains(err.Error(), m.Mixes) {
					t.Errorf("error %v does not say that %s", err, m.Mixes)
				}
				return
			}
			loss, want, err := ssl.FirstGradients(l, 1, false)
			if err != nil {
				t.Fatal(err)
			}
			for _, parts := range []int{2, 8} {
				l.Recipe.Accumulate = parts
				if err := l.Check(); err != nil {
					t.Fatal(err)
				}
				got, grads, err := ssl.FirstGradients(l, parts, false)
				if err != nil {
					t.Fatal(err)
				}
				if math.Abs(got-loss) > 1e-5*max(1, math.Abs(loss)) {
					t.Errorf("loss %v in %d parts, want %v", got, parts, loss)
				}
				if len(grads) != len(want) || len(want) == 0 {
					t.Errorf("%d gradients in %d parts, want %d", len(grads), parts, len(want))
				}
				for name, g := range want {
					far := distance(grads[name], g)
					if !(far < 1e-3) {
						t.Errorf("in %d parts the gradient of %s differs by %v of its length", parts, name, far)
					}
				}
			}
		})
	}
}

// distance is the length of a − b, as a part of that of b, which counts as at least 1e-4.
func distance(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	var diff, length float64
	for i := range b {
		diff += math.Pow(float64(a[i])-float64(b[i]), 2)
		length += math.Pow(float64(b[i]), 2)
	}
	return math.Sqrt(diff) / math.Max(math.Sqrt(length), 1e-4)
}

// In bfloat16 the first loss and gradients of every method are near those in float32:
// no loss loses its digits there. The gradients pass through many layers of three digits
// and batch norms over few images.
func TestEveryMethodInBFloat16(t *testing.T) {
	for _, m := range ssl.Methods() {
		t.Run(m.Name, func(t *testing.T) {
			torchtest.NoLeak(t)
			l := methodLoop(t, m.Name, 2)
			l.Recipe.BatchSize = 24
			loss, want, err := ssl.FirstGradients(l, 1, true)
			if err != nil {
				t.Fatal(err)
			}
			l.Recipe.Precision = ssl.BF16
			got, grads, err := ssl.FirstGradients(l, 1, true)
			if err != nil {
				t.Fatal(err)
			}
			var a, b []float32
			for name, g := range want {
				if len(grads[name]) != len(g) {
					t.Fatalf("the gradient of %s has %d elements, want %d", name, len(grads[name]), len(g))
				}
				a, b = append(a, grads[name]...), append(b, g...)
			}
			far := distance(a, b)
			t.Logf("loss %.5f, %.5f in float32; gradients differ by %.3f of their length", got, loss, far)
			if math.Abs(got-loss) > .03*max(1, math.Abs(loss)) {
				t.Errorf("loss %v, want nearly %v", got, loss)
			}
			if !(far < .7) {
				t.Errorf("gradients differ by %v of their length", far)
			}
		})
	}
}
