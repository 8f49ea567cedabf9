package ptfile_test

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"testing"

	"sslmem/torch/ptfile"
)

// describer does what testdata/describe.py does: it turns a tree into nested
// lists with a tag in front, which both languages can compare.
type describer struct {
	bytes   func(*ptfile.Storage) []byte
	numbers map[*ptfile.Storage]int
}

// described returns the description of a tree, as JSON gives it back.
func described(t testing.TB, root ptfile.Value, bytes func(*ptfile.Storage) []byte) any {
	t.Helper()
	d := &describer{bytes, map[*ptfile.Storage]int{}}
	text, err := json.Marshal(d.value(root))
	if err != nil {
		t.Fatal(err)
	}
	return decoded(t, text)
}

func decoded(t testing.TB, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v: %.200s", err, text)
	}
	return v
}

// contents reads the storages of a file.
func contents(t testing.TB, f *ptfile.File) func(*ptfile.Storage) []byte {
	return func(s *ptfile.Storage) []byte {
		b := make([]byte, s.Bytes())
		if err := f.ReadStorage(s, b); err != nil {
			t.Fatal(err)
		}
		return b
	}
}

func (d *describer) value(v ptfile.Value) any {
	switch v := v.(type) {
	case nil, bool, string:
		return v
	case int64:
		return []any{"int", fmt.Sprint(v)}
	case *big.Int:
		return []any{"int", v.String()}
	case float64:
		return []any{"float", fmt.Sprintf("%016x", math.Float64bits(v))}
	case complex128:
		return []any{"complex", d.value(real(v)), d.value(imag(v))}
	case []byte:
		return []any{"bytes", hex.EncodeToString(v)}
	case *ptfile.List:
		return d.list("list", v.Items)
	case ptfile.Tuple:
		return d.list("tuple", v)
	case *ptfile.Set:
		sorted := slices.SortedFunc(slices.Values(v.Items), func(a, b ptfile.Value) int { return cmp.Compare(a.(int64), b.(int64)) })
		return d.list("set", sorted)
	case ptfile.Size:
		out := []any{"Size"}
		for _, n := range v {
			out = append(out, n)
		}
		return out
	case ptfile.DType:
		return []any{"dtype", string(v)}
	case ptfile.Device:
		return []any{"device", string(v)}
	case *ptfile.Dict:
		kind := []string{"dict", "OrderedDict", "Counter"}[v.Kind]
		var metadata any
		if v.Attrs != nil {
			m, _ := v.Attrs.Get("_metadata")
			metadata = d.value(m)
		}
		return []any{kind, d.entries(v), metadata}
	case *ptfile.Object:
		return []any{"object", v.Class().String(), d.entries(v.State.(*ptfile.Dict))}
	case *ptfile.Tensor:
		n, b := -1, []byte{}
		if v.Storage.Bytes() > 0 {
			b = d.bytes(v.Storage)
			var ok bool
			if n, ok = d.numbers[v.Storage]; !ok {
				n = len(d.numbers)
				d.numbers[v.Storage] = n
			}
		}
		shape, strides := append([]int64{}, v.Shape...), append([]int64{}, v.Strides...)
		return []any{"tensor", v.DType, shape, strides, v.Offset, v.RequiresGrad, v.Parameter, v.Conj, v.Neg, n, hex.EncodeToString(b)}
	}
	panic(fmt.Sprintf("%T", v))
}

func (d *describer) list(tag string, items []ptfile.Value) []any {
	out := []any{tag}
	for _, item := range items {
		out = append(out, d.value(item))
	}
	return out
}

func (d *describer) entries(dict *ptfile.Dict) []any {
	out := []any{}
	for k, v := range dict.All() {
		out = append(out, []any{d.value(k), d.value(v)})
	}
	return out
}

// same fails unless two descriptions are equal, and shows where they part.
func same(t testing.TB, got, want any) {
	t.Helper()
	if reflect.DeepEqual(got, want) {
		return
	}
	g, _ := json.Marshal(got)
	w, _ := json.Marshal(want)
	at := 0
	for at < len(g) && at < len(w) && g[at] == w[at] {
		at++
	}
	from := max(0, at-100)
	t.Errorf("got  …%s\nwant …%s", clip(g[from:]), clip(w[from:]))
}

func clip(b []byte) []byte { return bytes.TrimSpace(b[:min(len(b), 300)]) }
