package torch_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/ptfile"
	"sslmem/torch/torchtest"
)

// pt is the name of a fixture of package ptfile, made by PyTorch.
func pt(name string) string { return filepath.Join("ptfile", "testdata", name) }

func TestLoadPT(t *testing.T) {
	torchtest.NoLeak(t)
	layers := []string{"0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked", "3.weight", "3.bias"}
	for _, c := range []struct {
		file        string
		opts        torch.PTOptions
		key, prefix string
		names       []string
		skipped     int
	}{
		{"state_dict.pt", torch.PTOptions{}, "", "", layers, 0},
		{"checkpoint.pt", torch.PTOptions{}, "state_dict", "", layers, 0},
		{"data_parallel.pt", torch.PTOptions{}, "", "module.", layers, 0},
		{"namespace.pt", torch.PTOptions{}, "model", "", layers, 0},
		{"config.pt", torch.PTOptions{}, "model", "", layers, 0},
		{"config.pt", torch.PTOptions{Key: "model", Prefix: "1."}, "model", "1.", []string{"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}, 4},
		{"dino.pt", torch.PTOptions{Key: "teacher"}, "teacher", "", []string{"backbone.w", "head.w"}, 0},
		{"dino.pt", torch.PTOptions{Key: "student"}, "student", "module.", []string{"backbone.w", "head.w"}, 0},
		{"dino.pt", torch.PTOptions{Key: "student", Prefix: "backbone."}, "student", "module.backbone.", []string{"w"}, 1},
		{"checkpoint.pt", torch.PTOptions{Key: "optimizer/state/x"}, "", "", nil, 0},
	} {
		s := torch.NewScope()
		got, err := torch.LoadPT(s, pt(c.file), c.opts)
		if c.names == nil {
			if err == nil || !strings.Contains(err.Error(), `no entry "`+c.opts.Key+`"`) || s.Len() != 0 {
				t.Errorf("%s with %+v: error %v", c.file, c.opts, err)
			}
			s.Close()
			continue
		}
		if err != nil {
			t.Errorf("%s with %+v: %v", c.file, c.opts, err)
			continue
		}
		if !slices.Equal(got.Names, c.names) || got.Key != c.key || got.Prefix != c.prefix || len(got.Skipped) != c.skipped || got.Root == nil {
			t.Errorf("%s with %+v: names %v, key %q, prefix %q, skipped %v", c.file, c.opts, got.Names, got.Key, got.Prefix, got.Skipped)
		}
		if s.Len() != len(c.names) || len(got.Tensors) != len(c.names) {
			t.Errorf("%s: %d tensors in the scope, %d in the map, want %d", c.file, s.Len(), len(got.Tensors), len(c.names))
		}
		s.Close()
	}
}

// TestLoadPTValues reads views of shared storages, and every dtype.
func TestLoadPTValues(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	root, err := torch.LoadPTTree(s, pt("parameters.pt"))
	if err != nil {
		t.Fatal(err)
	}
	d := root.(*ptfile.Dict)
	get := func(name string) *torch.Tensor {
		v, _ := d.Get(name)
		return v.(*torch.Tensor)
	}
	w := get("weight")
	if got := torch.ToSlice[float32](w); !slices.Equal(got, []float32{-3, -2, -1, 0, 1, 2, 3, -3, -2}) || !w.RequiresGrad() {
		t.Errorf("weight is %v, requires grad %v", got, w.RequiresGrad())
	}
	if get("tied") != w {
		t.Error("the tied weight is another tensor")
	}
	if get("frozen").RequiresGrad() || get("attributes").Numel() != 2 {
		t.Error("frozen or attributes is wrong")
	}
	// It is a leaf that can be trained.
	w.Mul(w).Sum().Backward()
	if g := w.Grad(); g == nil || torch.ToSlice[float32](g)[0] != -6 {
		t.Errorf("the gradient is %v", g)
	}
}

func TestLoadPTShares(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	dir := t.TempDir()
	base := torch.FromSlice(s, []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 3, 4)
	tensors := map[string]*torch.Tensor{
		"base": base, "transposed": base.T(), "part": base.Narrow(1, 1, 2), "expanded": base.Narrow(0, 1, 1).Expand([]int{3, 4}),
		"row": base.Select(0, 2), "scalar": torch.Scalar(s, float32(7)), "empty": s.Empty([]int{0, 3}, torch.Float32, torch.CPU),
		"channelsLast": base.Reshape([]int{1, 3, 2, 2}).Contiguous(torch.ChannelsLast),
		"weight":       vector(s, 1, 2).RequireGrad(true),
	}
	for name, d := range dtypes {
		tensors[name] = vector(s, 0, 1, 2).ToDType(d)
	}
	path := filepath.Join(dir, "x.pt")
	if err := torch.SavePT(path, maps.All(tensors)); err != nil {
		t.Fatal(err)
	}
	got, err := torch.LoadPT(s, path, torch.PTOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range tensors {
		x := got.Tensors[name]
		if x == nil || x.DType() != want.DType() || !slices.Equal(x.Shape(), want.Shape()) || !x.Equal(want) {
			t.Errorf("%s is %v, want %v", name, x, want)
		} else if x.Scope() != s || x.RequiresGrad() || x.IsContiguous(torch.ContiguousFormat) != want.IsContiguous(torch.ContiguousFormat) {
			t.Errorf("%s: scope %v, grad %v", name, x.Scope(), x.RequiresGrad())
		}
	}
	// A write to one is seen by the others, as it was before.
	got.Tensors["base"].Fill(5)
	for _, name := range []string{"transposed", "part", "expanded", "row"} {
		if sum := got.Tensors[name].Mean().Item(); sum != 5 {
			t.Errorf("%s does not share the memory of base", name)
		}
	}
	if got.Tensors["channelsLast"].Sum().Item() != 66 || got.Tensors["weight"].Sum().Item() != 3 {
		t.Error("a tensor of its own changed")
	}
}

// TestSavePTTree writes a checkpoint with an optimizer's state and reads it.
func TestSavePTTree(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	root, err := torch.LoadPTTree(s, pt("checkpoint.pt"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.pt")
	if err := torch.SavePT(path, root); err != nil {
		t.Fatal(err)
	}
	again, err := torch.LoadPTTree(s, path)
	if err != nil {
		t.Fatal(err)
	}
	sameTree(t, "root", again, root)

	// A loaded checkpoint is a state dict, also inside a tree.
	c, err := torch.LoadPT(s, pt("data_parallel.pt"), torch.PTOptions{})
	if err != nil {
		t.Fatal(err)
	}
	d := ptfile.NewDict(ptfile.PlainDict)
	d.Set("epoch", 3)
	d.Set("model", c)
	d.Set("again", c.All())
	if err := torch.SavePT(path, d); err != nil {
		t.Fatal(err)
	}
	back, err := torch.LoadPT(s, path, torch.PTOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(back.Names, c.Names) || back.Key != "model" || !back.Tensors["3.weight"].Equal(c.Tensors["3.weight"]) {
		t.Errorf("names %v, key %q", back.Names, back.Key)
	}
}

// sameTree fails unless two trees hold the same values.
func sameTree(t *testing.T, where string, got, want ptfile.Value) {
	t.Helper()
	switch want := want.(type) {
	case *ptfile.Dict:
		d, ok := got.(*ptfile.Dict)
		if !ok || d.Len() != want.Len() || d.Kind != want.Kind {
			t.Errorf("%s is %v, want a dict of %d", where, got, want.Len())
			return
		}
		for k, v := range want.All() {
			g, _ := d.Get(k)
			sameTree(t, fmt.Sprint(where, "/", k), g, v)
		}
	case *ptfile.List:
		l, ok := got.(*ptfile.List)
		if !ok || len(l.Items) != len(want.Items) {
			t.Errorf("%s is %v, want %v", where, got, want)
			return
		}
		for i := range want.Items {
			sameTree(t, where, l.Items[i], want.Items[i])
		}
	case ptfile.Tuple:
		l, ok := got.(ptfile.Tuple)
		if !ok || len(l) != len(want) {
			t.Errorf("%s is %v, want %v", where, got, want)
			return
		}
		for i := range want {
			sameTree(t, where, l[i], want[i])
		}
	case *torch.Tensor:
		x, ok := got.(*torch.Tensor)
		if !ok || x.DType() != want.DType() || !x.Equal(want) {
			t.Errorf("%s is %v, want %v", where, got, want)
		}
	default:
		if got != want {
			t.Errorf("%s is %v, want %v", where, got, want)
		}
	}
}

func TestLoadPTErrors(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	dir := t.TempDir()
	write := func(name string, root ptfile.Value) string {
		path := filepath.Join(dir, name)
		if err := ptfile.Save(path, root); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tensor := func(d ptfile.DType, b ...byte) *ptfile.Tensor {
		st, err := ptfile.NewStorage(d, int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		st.Data = b
		return &ptfile.Tensor{DType: d, Shape: []int64{int64(len(b) / d.Size())}, Strides: []int64{1}, Storage: st}
	}
	dict := func(entries ...any) *ptfile.Dict {
		d := ptfile.NewDict(ptfile.PlainDict)
		for i := 0; i < len(entries); i += 2 {
			d.Set(entries[i], entries[i+1])
		}
		return d
	}
	good := tensor(ptfile.Float32, 0, 0, 0, 0)
	lazy := *good
	lazy.Neg = true
	damaged := write("damaged.pt", dict("a", good, "b", tensor(ptfile.Float32, 0xaa, 0xbb, 0xcc, 0xdd)))
	bytes, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	bytes[strings.Index(string(bytes), "\xaa\xbb\xcc\xdd")] = 0
	if err := os.WriteFile(damaged, bytes, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path  string
		opts  torch.PTOptions
		parts []string
	}{
		{pt("dino.pt"), torch.PTOptions{}, []string{"dino.pt", "student, teacher", "Key"}},
		{pt("dino.pt"), torch.PTOptions{Key: "epoch"}, []string{`"epoch"`, "no dict of tensors"}},
		{pt("dino.pt"), torch.PTOptions{Key: "ema"}, []string{`no entry "ema"`, "student, teacher, epoch"}},
		{pt("dino.pt"), torch.PTOptions{Key: "teacher", Prefix: "neck."}, []string{`"neck."`, `"backbone.w"`}},
		{pt("legacy.pt"), torch.PTOptions{}, []string{"legacy.pt", "before 1.6"}},
		{pt("script.pt"), torch.PTOptions{}, []string{"torch.LoadScript"}},
		{pt("module.pt"), torch.PTOptions{}, []string{"no dict of tensors"}},
		{pt("sparse.pt"), torch.PTOptions{Key: ""}, []string{"no dict of tensors", "sparse"}},
		{pt("none.pt"), torch.PTOptions{}, []string{"none.pt"}},
		{write("number.pt", 3), torch.PTOptions{}, []string{"LoadPTTree"}},
		{write("float8.pt", dict("a", good, "f8", tensor(ptfile.F8E4M3FNUZ, 1))), torch.PTOptions{}, []string{`"f8"`, "float8_e4m3fnuz"}},
		{write("bool.pt", dict("a", good, "mask", tensor(ptfile.Bool, 2))), torch.PTOptions{}, []string{`"mask"`, "0 or 1, not 2"}},
		{write("neg.pt", dict("a", good, "n", &lazy)), torch.PTOptions{}, []string{`"n"`, "resolve_neg"}},
		{damaged, torch.PTOptions{}, []string{`"b"`, "checksum"}},
	} {
		got, err := torch.LoadPT(s, c.path, c.opts)
		if err == nil || got != nil {
			t.Errorf("%s: %v, error %v", c.path, got, err)
			continue
		}
		for _, part := range c.parts {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q lacks %q", err, part)
			}
		}
		if s.Len() != 0 {
			t.Errorf("%s left %d tensors in the scope", c.path, s.Len())
		}
	}
	if _, err := torch.LoadPTTree(s, pt("config.pt")); err == nil || !strings.Contains(err.Error(), "pathlib.PurePosixPath") {
		t.Errorf("an unknown class: %v", err)
	}
	closed := torch.NewScope()
	closed.Close()
	if _, err := torch.LoadPT(closed, pt("state_dict.pt"), torch.PTOptions{}); err == nil {
		t.Error("no error for a closed scope")
	}
}

func TestSavePTErrors(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x, gone := vector(s, 1), vector(s, 2)
	gone.Free()
	self := ptfile.NewList()
	self.Items = append(self.Items, self)
	dir := t.TempDir()
	path := filepath.Join(dir, "x.pt")
	if err := torch.SavePT(path, one("a", x)); err != nil {
		t.Fatal(err)
	}
	twice := func(yield func(string, *torch.Tensor) bool) {
		if yield("b", x) {
			yield("b", x)
		}
	}
	for name, c := range map[string]struct {
		path  string
		root  any
		parts []string
	}{
		"freed":     {path, one("conv.weight", gone), []string{`"conv.weight"`, path, "freed"}},
		"nil":       {path, one("conv.weight", nil), []string{`"conv.weight"`, "nil"}},
		"twice":     {path, twice, []string{`"b"`, "twice"}},
		"no folder": {filepath.Join(dir, "none", "x"), one("a", x), []string{"none"}},
		"struct":    {path, struct{}{}, []string{"struct {}"}},
		"in a list": {path, ptfile.NewList(1, gone), []string{"item 1", "freed"}},
		"itself":    {path, self, []string{"holds itself"}},
	} {
		err := torch.SavePT(c.path, c.root)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, part := range c.parts {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q lacks %q", name, err, part)
			}
		}
	}
	if loaded, err := torch.LoadPT(s, path, torch.PTOptions{}); err != nil || loaded.Tensors["a"] == nil {
		t.Errorf("the file that was there suffered: %v, %v", loaded, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d files left in the folder, want 1", len(entries))
	}
}
