package encoders

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sslmem/torch"
)

// FuzzRecognize: no content makes the look at a file panic, and what is none of the
// formats is an error of one line.
func FuzzRecognize(f *testing.F) {
	for _, path := range []string{"testdata/bare.pth", "testdata/pair.pt", "testdata/expected.safetensors"} {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[:min(len(b), 2000)])
		f.Add(b[max(0, len(b)-2000):])
	}
	f.Add([]byte{0x80, 2})
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		format, err := recognize(path)
		if (err == nil) == (format == "") || err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%q %v", format, err)
		}
	})
}

// FuzzNames: whatever the weights of a file are called, the search for a network ends
// with one whose landmarks are there, or with an error.
func FuzzNames(f *testing.F) {
	f.Add("conv1.weight layer1.0.conv1.weight fc.bias", "")
	f.Add("a.0.weight a.4.0.conv1.weight b.0.weight b.4.0.conv1.weight a.conv1.weight", "a")
	f.Add("conv_proj.weight encoder.layers.encoder_layer_0.ln_1.weight blocks.0.norm1.weight", "x.")
	f.Fuzz(func(t *testing.T, names, prefix string) {
		state := map[string]*torch.Tensor{}
		w := &torch.Tensor{}
		for _, name := range strings.Fields(names) {
			state[name] = w
		}
		network, err := (&Encoder{}).findNetwork(state, prefix)
		if err == nil && (len(network) < 2 || len(network) > len(state)) || err != nil && network != nil {
			t.Errorf("%v %v", network, err)
		}
	})
}
