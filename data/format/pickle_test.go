package format_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"sslmem/data/format"
)

func TestPickleValues(t *testing.T) {
	for in, want := range map[string]any{
		"I42\n.":                  int64(42),
		"I01\n.":                  true,
		"L-7L\n.":                 int64(-7),
		"F1.5\n.":                 1.5,
		`S'it\'s \x41\n'` + "\n.": "it's A\n",
		"S\"a'b\"\n.":             "a'b",
		"\x80\x02U\x03abc.":       "abc",
		"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00\x8c\x02hi\x94.": "hi",
		"\x80\x02J\xff\xff\xff\xff.":                                  int64(-1),
		"\x80\x02\x8a\x02\x00\x80.":                                   int64(-32768),
		"\x80\x02\x8a\x00.":                                           int64(0),
		"\x80\x02G?\xf8\x00\x00\x00\x00\x00\x00.":                     1.5,
		"\x80\x02K\x01K\x02\x86.":                                     format.Tuple{int64(1), int64(2)},
		"(lp0\nI1\naI2\na.":                                           &format.List{Items: []any{int64(1), int64(2)}},
		"\x80\x02}q\x00(U\x01aK\x01U\x01bNu.":                         &format.Dict{Items: map[string]any{"a": int64(1), "b": nil}},
		"\x80\x02]q\x01(h\x01e.":                                      nil, // contains itself: only that it ends
	} {
		got, err := format.ReadPickle("p", []byte(in))
		if err != nil || want != nil && !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %#v, %v, want %#v", in, got, err, want)
		}
	}
}

// TestPickleRefuses: code is not run, and damage has a place.
func TestPickleRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"cos\nsystem\n(S'true'\ntR.":                `"os.system", which no data set needs`,
		"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.": `"builtins.eval"`,
		"cnumpy\nndarray\n(tR.":                     "not known",
		"\x80\x09.":                                 "protocol 9",
		"\x80\x02T\xff\xff\xff\x7fab.":              "longer than the file",
		"\x80\x02U\x05ab.":                          "truncated",
		"\x80\x02(.":                                "0 values",
		".":                                         "0 values",
		"\x80\x02K\x01K\x02.":                       "2 values",
		"\x80\x02h\x05.":                            "nothing is remembered",
		"\x80\x02K\x01a.":                           "a list",
		"\x80\x02}(K\x01u.":                         "key without a value",
		"\x80\x02P.":                                "not allowed",
		"":                                          "truncated",
		"cnumpy\ndtype\n(S'O8'\nI0\nI1\ntR.":        `"O8"`,
		"cnumpy.core.multiarray\n_reconstruct\n(tR(I1\n(I5\ntcnumpy\ndtype\n(S'u1'\ntRI00\nS'abc'\ntb.": "has 3 bytes",
	} {
		_, err := format.ReadPickle("p", []byte(in))
		var fe *format.Error
		if !errors.As(err, &fe) || !strings.Contains(err.Error(), want) || fe.File != "p" || fe.Offset > int64(len(in)) {
			t.Errorf("%q: error %v, want one with %q", in, err, want)
		}
	}
}

func TestPickleArray(t *testing.T) {
	in := "cnumpy.core.multiarray\n_reconstruct\n(tR(I1\n(I2\nI1\ntcnumpy\ndtype\n(S'i2'\ntR(I3\nS'>'\ntbI00\nS'\\x01\\x02\\xff\\xff'\ntb."
	v, err := format.ReadPickle("p", []byte(in))
	if err != nil {
		t.Fatal(err)
	}
	a := v.(*format.Array)
	ints, err := a.Ints()
	if err != nil || !reflect.DeepEqual(ints, []int{0x102, -1}) || a.String() != "int16 [2 1]" {
		t.Errorf("%v: %v, %v", a, ints, err)
	}
}

// TestPickleNested: tuples that hold each other twice double with each, and so
// must never be printed.
func TestPickleNested(t *testing.T) {
	in := "(t"
	for range 60 {
		in += "p1\n0(g1\ng1\nt"
	}
	array := "cnumpy.core.multiarray\n_reconstruct\n(tR(I1\n(" + in + "tcnumpy\ndtype\n(S'u1'\ntRI00\nS'a'\ntb."
	if _, err := format.ReadPickle("p", []byte(array)); err == nil || !strings.Contains(err.Error(), "no length") {
		t.Errorf("error %v", err)
	}
	if _, err := format.ReadPickle("p", []byte(in+".")); err != nil {
		t.Error(err)
	}
}
