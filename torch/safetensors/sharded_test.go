package safetensors_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslmem/torch/safetensors"
)

// shards writes two files and an index into a folder and returns its path.
func shards(t testing.TB, index string) string {
	t.Helper()
	dir := t.TempDir()
	for file, names := range map[string][]string{"model-00001-of-00002.safetensors": {"b", "extra"}, "model-00002-of-00002.safetensors": {"a", "c"}} {
		var list []safetensors.Tensor
		for _, name := range names {
			list = append(list, safetensors.Tensor{Name: name, DType: safetensors.U8, Shape: []int64{1}, Data: []byte(name[:1])})
		}
		if err := safetensors.Save(filepath.Join(dir, file), list, map[string]string{"format": "pt"}); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "model.safetensors.index.json")
	if err := os.WriteFile(path, []byte(index), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const goodIndex = `{"metadata": {"total_size": 3, "more": [{}]}, "weight_map": {
	"c": "model-00002-of-00002.safetensors", "a": "model-00002-of-00002.safetensors", "b": "model-00001-of-00002.safetensors"}}`

func TestSharded(t *testing.T) {
	s, err := safetensors.OpenSharded(shards(t, goodIndex))
	if err != nil {
		t.Fatal(err)
	}
	if names := s.Names(); !slices.Equal(names, []string{"a", "b", "c"}) || s.Metadata()["format"] != "pt" {
		t.Errorf("names %v, metadata %v", names, s.Metadata())
	}
	var got string
	for info, data := range s.All() {
		got += info.Name + string(data)
	}
	if got != "aabbcc" {
		t.Errorf("the tensors are %s", got)
	}
	if info, ok := s.Info("b"); !ok || info.DType != safetensors.U8 {
		t.Errorf("b is %v", info)
	}
	if _, ok := s.Info("extra"); ok {
		t.Error("a tensor that the index does not name is there")
	}
	if _, _, err := s.Tensor("extra"); err == nil || !strings.Contains(err.Error(), "no tensor of this name among its 3") {
		t.Errorf("error %v", err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, _, err := s.Tensor("a"); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestShardedErrors(t *testing.T) {
	for index, part := range map[string]string{
		``:                           "not JSON",
		`[]`:                         "not a JSON object",
		`{}`:                         "no weight_map",
		`{"weight_map": {"a": 1}}`:   `"a": its file is not a string`,
		`{"weight_map": {"a": "x"}`:  "not JSON",
		`{"weight_map": {"a": "x"}}`: "no such file",
		`{"weight_map": {"a": "../model.safetensors"}}`:                                                    "not the name of a file in its own folder",
		`{"weight_map": {"a": "/etc/passwd"}}`:                                                             "not the name of a file in its own folder",
		`{"weight_map": {"a": ""}}`:                                                                        "not the name of a file in its own folder",
		`{"weight_map": {"a": ".."}}`:                                                                      "not the name of a file in its own folder",
		`{"weight_map": {"a": "x", "a": "x"}}`:                                                             "has the name twice",
		`{"weight_map": {}, "weight_map": {}}`:                                                             "given twice",
		`{"weight_map": {"z": "model-00001-of-00002.safetensors"}}`:                                        `"z": the index says that it is in model-00001-of-00002.safetensors, which does not have it`,
		`{"weight_map": {"a": "model.safetensors.index.json"}}`:                                            "no safetensors file",
		`{"weight_map": {"b": "model-00001-of-00002.safetensors", "c": "gone"}}`:                           "no such file",
		`{"metadata": {"total_size": }, "weight_map": {"b": "model-00001-of-00002.safetensors"}}`:          "not JSON",
		`{"weight_map": ` + strings.Repeat(`{"a":`, 20000) + `"x"` + strings.Repeat("}", 20000) + `}`:      "its file is not a string",
		`{"x": ` + strings.Repeat(`[`, 20000) + strings.Repeat("]", 20000) + `, "weight_map": {"b": "x"}}`: "not JSON",
	} {
		path := shards(t, index)
		s, err := safetensors.OpenSharded(path)
		if err == nil || s != nil || !strings.Contains(err.Error(), part) || !strings.Contains(err.Error(), filepath.Dir(path)) {
			t.Errorf("%.80s: error %v lacks %q", index, err, part)
		}
	}
	if _, err := safetensors.OpenSharded("none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v is not ErrNotExist", err)
	}
}

func ExampleOpenSharded() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for _, name := range []string{"weight", "bias"} {
		list := []safetensors.Tensor{{Name: name, DType: safetensors.F32, Shape: []int64{1}, Data: floats(1)}}
		if err := safetensors.Save(filepath.Join(dir, name+".safetensors"), list, nil); err != nil {
			log.Fatal(err)
		}
	}
	index := filepath.Join(dir, "model.safetensors.index.json")
	text := `{"weight_map": {"weight": "weight.safetensors", "bias": "bias.safetensors"}}`
	if err := os.WriteFile(index, []byte(text), 0o666); err != nil {
		log.Fatal(err)
	}

	s, err := safetensors.OpenSharded(index)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	fmt.Println(s.Names())
	// Output: [bias weight]
}
