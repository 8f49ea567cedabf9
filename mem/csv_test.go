package mem

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const handCSV = `index,set,label,m,l_f,l_g,m_pair_0,m_pair_1,seed_pair_0,l_f_pair_0,l_g_pair_0,seed_pair_1,l_f_pair_1,l_g_pair_1
10,S_S,,-0.125,0.5,0.375,0,-0.25,1,0.5,0.5,2,0.5,0.25
11,S_C,,0.25,0.375,0.625,0.5,0,1,0.25,0.75,2,0.5,0.5
12,S_I,,-0.25,0.625,0.375,-0.5,0,1,0.75,0.25,2,0.5,0.5
13,S_E,,0.125,0.0625,0.1875,0,0.25,1,0,0,2,0.125,0.375
`

func TestWriteCSV(t *testing.T) {
	var b bytes.Buffer
	if err := handScores(t).WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	if b.String() != handCSV {
		t.Errorf("wrote\n%swant\n%s", b.String(), handCSV)
	}
}

func TestCSVRoundTrip(t *testing.T) {
	someHalves := drawScores(t, 2, 3, memorized)
	someHalves.Pairs[1].FHalf, someHalves.Pairs[1].GHalf = [2][]float64{}, [2][]float64{}
	for name, s := range map[string]*Scores{
		"labels and halves": drawScores(t, 20, 3, memorized),
		"neither":           handScores(t),
		"some halves":       someHalves,
		"twelve pairs":      drawScores(t, 1, 12, memorized),
	} {
		path := filepath.Join(t.TempDir(), "scores.csv")
		if err := s.SaveCSV(path); err != nil {
			t.Fatal(err)
		}
		back, err := LoadCSV(path)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(back, s) {
			t.Errorf("%s: read back %+v, want %+v", name, back, s)
		}
	}
}

func TestReadCSVErrors(t *testing.T) {
	for _, test := range []struct{ name, old, new, want string }{
		{"empty", handCSV, "", "empty"},
		{"header only", handCSV[strings.Index(handCSV, "\n"):], "\n", "no point"},
		{"other table", handCSV, "a,b\n1,2\n", "line 1: there is no column m_pair_0"},
		{"renamed column", "label", "class", `line 1: column 3 is "class" instead of label`},
		{"missing column", ",seed_pair_1,l_f_pair_1,l_g_pair_1", ",seed_pair_1", "line 1: column l_f_pair_1 is missing"},
		{"extra column", "l_g_pair_1\n", "l_g_pair_1,note\n", `line 1: column "note" after the last`},
		{"short line", "12,S_I,,", "12,S_I,", "line 4: wrong number of fields"},
		{"bad quote", "12,S_I,,", "12,S\"I,,", "line 4, column"},
		{"index", "\n11,", "\n1.5,", `line 3: index is "1.5", not an integer`},
		{"negative index", "\n11,", "\n-11,", "line 3: dataset index -11 is negative"},
		{"set", "S_I", "S_Q", `line 4: mem: "S_Q" is not a set`},
		{"label appears", "12,S_I,,", "12,S_I,3,", "line 4: there is a label, but"},
		{"label vanishes", "10,S_S,,", "10,S_S,3,", "line 3: the label is empty, but"},
		{"label", "10,S_S,,", "10,S_S,boot,", `line 2: label is "boot"`},
		{"not a number", "0.375,0.625,0.5,0", "0.375,0.625,high,0", `line 3: m_pair_0 is "high", not a finite number`},
		{"NaN", "0.125,0.375\n", "NaN,0.375\n", `line 5: l_f_pair_1 is "NaN", not a finite number`},
		{"infinite", "0.125,0.375\n", "0.125,1e999\n", `line 5: l_g_pair_1 is "1e999", not a finite number`},
		{"negative loss", "0.125,0.375\n", "-0.125,0.375\n", "line 5: l_f_pair_1 is -0.125; a loss lies in"},
		{"seed", "0,1,0.75,0.25,2,", "0,x,0.75,0.25,2,", `line 4: seed_pair_0 is "x", not a seed`},
		{"seed changes", "0,1,0.75,0.25,2,", "0,5,0.75,0.25,2,", "line 4: seed_pair_0 is 5, but the lines before say 1"},
		{"m edited", "S_C,,0.25", "S_C,,0.25000001", "line 3: m is 0.25000001, but the losses of the pairs give 0.25"},
		{"pair edited", "0.5,0,1,0.25,0.75", "0.6,0,1,0.25,0.75", "line 3: m_pair_0 is 0.6, but the losses of the pair give 0.5"},
		{"twice", "\n11,S_C", "\n10,S_S", "S_S holds dataset index 10 twice"},
	} {
		text := strings.Replace(handCSV, test.old, test.new, 1)
		if text == handCSV {
			t.Fatalf("%s: nothing was replaced", test.name)
		}
		_, err := ReadCSV(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.name, err, test.want)
		}
	}
}

// Rounding in a spreadsheet to 12 digits is accepted.
func TestReadCSVTolerance(t *testing.T) {
	text := strings.Replace(handCSV, "S_C,,0.25", "S_C,,0.250000000001", 1)
	s, err := ReadCSV(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(s, handScores(t)) {
		t.Errorf("read %+v", s)
	}
}

func TestCSVFiles(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "scores.csv")
	if _, err := LoadCSV(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
	bad := handScores(t)
	bad.Pairs[0].F[0] = -1
	if err := bad.SaveCSV(path); err == nil {
		t.Error("invalid scores are saved")
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 0 {
		t.Errorf("a failed save leaves %v, %v", entries, err)
	}
	if err := os.WriteFile(path, []byte("index\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadCSV(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("the error does not name the file: %v", err)
	}
	full := errors.New("disk full")
	if err := handScores(t).WriteCSV(failingWriter{full}); !errors.Is(err, full) {
		t.Errorf("a full disk gives %v", err)
	}
}

// Whatever ReadCSV accepts is valid and survives being written and read.
func FuzzReadCSV(f *testing.F) {
	f.Add([]byte(handCSV))
	f.Add([]byte(""))
	f.Add([]byte("index,set,label,m,l_f,l_g,m_pair_0,seed_pair_0,l_f_pair_0,l_g_pair_0,l_f_half_0_pair_0,l_f_half_1_pair_0,l_g_half_0_pair_0,l_g_half_1_pair_0\n" +
		"0,S_C,-3,1e-320,0,1e-320,1e-320,18446744073709551615,0,1e-320,1,2,3,4\n"))
	f.Add([]byte("index,set,label,m,l_f,l_g,m_pair_0,seed_pair_0,l_f_pair_0,l_g_pair_0\r\n\"1\",S_E,,-1e100,1e100,-0,-1e100,7,1e100,-0\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ReadCSV(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, n := range Normalisations() {
			if _, err := Summarize(s, n); err != nil {
				t.Fatalf("accepted scores are not summarized: %v", err)
			}
		}
		var b bytes.Buffer
		if err := s.WriteCSV(&b); err != nil {
			t.Fatal(err)
		}
		back, err := ReadCSV(&b)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back, s) {
			t.Fatalf("read back %+v, want %+v", back, s)
		}
	})
}
