package mem

import (
	"encoding/json"
	"math"
	"testing"
)

func TestSetNames(t *testing.T) {
	want := []string{"S_S seen by f and g", "S_C seen by f only", "S_I seen by g only", "S_E seen by neither"}
	for i, s := range Sets() {
		if got := s.String() + " " + s.Describe(); got != want[i] {
			t.Errorf("set %d is %q, want %q", i, got, want[i])
		}
		back, err := ParseSet(s.String())
		if err != nil || back != s {
			t.Errorf("ParseSet(%q) = %v, %v", s.String(), back, err)
		}
	}
	if got := Set(7).String(); got != "Set(7)" {
		t.Errorf("Set(7) prints %q", got)
	}
	if Set(-1).Valid() || Set(NumSets).Valid() {
		t.Error("a value outside of the four sets is valid")
	}
	for _, name := range []string{"", "S_X", "s_c", "1", "S_C "} {
		if _, err := ParseSet(name); err == nil {
			t.Errorf("ParseSet(%q) gives no error", name)
		}
	}
}

func TestSetSwapped(t *testing.T) {
	want := map[Set]Set{Shared: Shared, Candidate: Independent, Independent: Candidate, External: External}
	for s, w := range want {
		if got := s.Swapped(); got != w {
			t.Errorf("%v swapped is %v, want %v", s, got, w)
		}
	}
}

func TestSetJSON(t *testing.T) {
	text, err := json.Marshal(Sets())
	if err != nil || string(text) != `["S_S","S_C","S_I","S_E"]` {
		t.Fatalf("sets as JSON: %s, %v", text, err)
	}
	var back [NumSets]Set
	if err := json.Unmarshal(text, &back); err != nil || back != Sets() {
		t.Errorf("read back %v, %v", back, err)
	}
	if _, err := json.Marshal(Set(9)); err == nil {
		t.Error("an invalid set is written")
	}
	if err := json.Unmarshal([]byte(`["S_Z"]`), &back); err == nil {
		t.Error("an unknown set is read")
	}
}

func TestNumberJSON(t *testing.T) {
	type record struct {
		A, B, C, D Number
	}
	in := record{A: 0.1, B: undefined, C: Number(math.Inf(1)), D: -3e-40}
	text, err := json.Marshal(in)
	if err != nil || string(text) != `{"A":0.1,"B":null,"C":null,"D":-3e-40}` {
		t.Fatalf("JSON is %s, %v", text, err)
	}
	var out record
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	if out.A != in.A || out.D != in.D || out.B.Defined() || out.C.Defined() {
		t.Errorf("read back %v", out)
	}
	if err := json.Unmarshal([]byte(`{"A":"x"}`), &out); err == nil {
		t.Error("a string is read as a number")
	}
}

func TestIntervalContains(t *testing.T) {
	i := Interval{-1, 2}
	for x, want := range map[float64]bool{-1: true, 2: true, 0: true, 2.1: false, -1.1: false} {
		if i.Contains(x) != want {
			t.Errorf("%v contains %v: %v", i, x, !want)
		}
	}
	if (Interval{undefined, undefined}).Contains(0) {
		t.Error("an undefined interval contains 0")
	}
}
