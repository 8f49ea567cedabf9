package data

import (
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sslmem/internal/python"
)

// npy is a file of int32 numbers.
func npy(shape string, values ...int32) string {
	header := fmt.Sprintf("{'descr': '<i4', 'fortran_order': False, 'shape': (%s), }", shape)
	header += strings.Repeat(" ", 117-len(header)) + "\n"
	b := append([]byte("\x93NUMPY\x01\x00\x76\x00"), header...)
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return string(b)
}

func TestParseIndices(t *testing.T) {
	want := []int{7, 0, 12}
	for name, content := range map[string]string{
		"lines":             "7\n0\n12\n",
		"no line at end":    "7\n0\n12",
		"Windows":           "\ufeff7\r\n0\r\n12\r\n",
		"comments":          "# my images\n7\n\n0\n 12 \n",
		"numpy.savetxt":     "7.000000000000000000e+00\n0.000000000000000000e+00\n1.200000000000000000e+01\n",
		"a column":          "index\n7\n0\n12\n",
		"a table":           "label,Index,file\n1,7,a.png\n1,0,\"b,c.png\"\n2,12,d.png\n",
		"JSON":              " [7, 0,\n12]\n",
		"numpy.save":        npy("3,", 7, 0, 12),
		"pandas with index": ",index\n0,7\n1,0\n2,12\n",
	} {
		if got, err := ParseIndices("f", []byte(content)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s gives %v, %v", name, got, err)
		}
	}
	for content, want := range map[string]string{
		"":                      "lists no image",
		"# nothing\n":           "lists no image",
		"index\n":               "lists no image",
		"[]":                    "lists no image",
		"7\n8\n7\n":             "line 3 is image 7 again, which line 1 is already",
		"7\n\n-1\n":             "line 3 is -1, but places begin with 0",
		"7\nx\n":                `line 2: "x" is no whole number`,
		"7\n1.5\n":              `line 2: "1.5" is no whole number`,
		"7\n1e300\n":            "no whole number",
		"7\nNaN\n":              "no whole number",
		"1,2,3\n":               "header with a column named index",
		"7\n1,2\n":              "line 2 has 2 columns; give one index a line",
		"label,index\n1,2\n3\n": "line 3 has 1 columns, but the index is in column 2",
		"hello":                 `line 1 is "hello"`,
		"[1, 2":                 "no JSON array of whole numbers",
		"[1.5]":                 "no JSON array of whole numbers",
		"[1] 2":                 "goes on after the array",
		"[1, 1]":                "element 1 is image 1 again, which element 0 is already",
		`{"shared": [1]}`:       "files of splits hold several sets",
		npy("1, 2", 3, 4):       "one dimension of whole numbers",
		npy("3,", 3, 4):         "f",
		strings.Replace(npy("4,", 1), "<i4", "|b1", 1): "numpy.flatnonzero",
		strings.Replace(npy("1,", 1), "<i4", "<f4", 1): "one dimension of whole numbers",
	} {
		if got, err := ParseIndices("f", []byte(content)); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "f") {
			t.Errorf("%q gives %v, %v; want %q", content, got, err, want)
		}
	}
	if _, err := LoadIndices(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "cannot load indices") {
		t.Errorf("no file gives %v", err)
	}
}

// What numpy writes is read.
func TestLoadIndicesOfNumPy(t *testing.T) {
	dir := t.TempDir()
	python.Run(t, "-c", `
import sys, numpy as np
a = np.array([5, 1, 3])
for i, dtype in enumerate(["int64", "uint8", ">i4", "uint64"]):
    np.save(f"{sys.argv[1]}/{i}.npy", a.astype(dtype))
np.savetxt(f"{sys.argv[1]}/4.txt", a)
np.savetxt(f"{sys.argv[1]}/5.txt", a, fmt="%d", header="mine")
`, dir)
	for _, name := range []string{"0.npy", "1.npy", "2.npy", "3.npy", "4.txt", "5.txt"} {
		if got, err := LoadIndices(filepath.Join(dir, name)); err != nil || !slices.Equal(got, []int{5, 1, 3}) {
			t.Errorf("%s gives %v, %v", name, got, err)
		}
	}
}

// FuzzParseIndices: no input panics, and what is accepted is a list of distinct places
// that a plain file gives back.
func FuzzParseIndices(f *testing.F) {
	for _, seed := range []string{"7\n0\n12\n", "a,index\n1,2\n", "[1,2]", npy("2,", 1, 2), npy("1, 2", 3, 4)[:100], "#\n", "\ufeff1", "1e3\n", "\"1\"\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		index, err := ParseIndices("f", content)
		if err != nil {
			return
		}
		var text strings.Builder
		for _, i := range index {
			if i < 0 {
				t.Fatalf("%q gives %v", content, index)
			}
			fmt.Fprintln(&text, i)
		}
		again, err := ParseIndices("f", []byte(text.String()))
		if err != nil || !slices.Equal(again, index) {
			t.Fatalf("%q gives %v, and that %v %v", content, index, again, err)
		}
	})
}

func TestLoadSets(t *testing.T) {
	load := func(content string) (Splits, error) {
		path := filepath.Join(t.TempDir(), "s.json")
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		return LoadSets(path)
	}
	got, err := load(`{"candidate": [3, 900], "shared": [1]}`)
	if want := (Splits{Candidate: []int{3, 900}, Shared: []int{1}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := load(`{"n": 10, "dataset": "d", "candidate": [3]}`); err != nil || got.N != 10 {
		t.Errorf("%+v, %v", got, err)
	}
	for content, want := range map[string]string{
		`{"n": 10, "candidate": [10]}`:         "lies outside 0 to 9",
		`{"candidate": [-1]}`:                  "lies outside",
		`{"candidate": [1], "shared": [2, 1]}`: "must be disjoint",
		`{"candidates": [1]}`:                  "candidates",
		`[1, 2]`:                               "no file of splits",
		`{"candidate": [1]} {}`:                "goes on",
		`{"candidate": [9000000000000000000]}`: "lies outside",
	} {
		if got, err := load(content); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %+v, %v; want %q", content, got, err, want)
		}
	}
	if _, err := LoadSets("none.json"); err == nil {
		t.Error("no file is no error")
	}
}

// An index file of another program is a list of places, in one of several forms.
func ExampleParseIndices() {
	index, err := ParseIndices("train.csv", []byte("index,label\n4,cat\n0,dog\n"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(index)
	// Output:
	// [4 0]
}
