package mem

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func handUnits() *UnitTable {
	unit := func(layer string, u int, mem Number, argmax int) Unit {
		return Unit{Layer: layer, Unit: u, Mem: mem, Median: undefined, Max: 1, Rest: .5, RestMedian: undefined, Argmax: argmax}
	}
	t := &UnitTable{Of: OfPoints, N: 9, Views: 2, Negatives: RefuseNegatives, Units: []Unit{
		unit("a", 0, .25, 8), unit("a", 1, .75, 3), unit("a", 2, 0, -1), unit("b", 0, .75, 8), unit("b", 1, undefined, 4),
	}}
	t.Units[2].Dead = true
	return t
}

func TestUnitTable(t *testing.T) {
	u := handUnits()
	l := u.Layers()
	if len(l) != 2 || l[0].Units != 3 || l[0].Dead != 1 || l[1].Units != 2 {
		t.Fatalf("layers %+v", l)
	}
	checkClose(t, "mean", float64(l[0].Mean), 1./3, 1e-15)
	checkClose(t, "median", float64(l[0].Quantiles[2]), .25, 1e-15)
	checkClose(t, "above", float64(l[0].Above), 1./3, 1e-15)
	if l[1].Mean != .75 || l[1].SD.Defined() || l[1].Max != .75 {
		t.Errorf("layer b: %+v", l[1])
	}
	var names []string
	for _, m := range u.Most(3) {
		names = append(names, m.Layer+string(rune('0'+m.Unit)))
	}
	if want := []string{"a1", "b0", "a0"}; !reflect.DeepEqual(names, want) {
		t.Errorf("most %v, want %v", names, want)
	}
	if n := len(u.Most(100)); n != 4 {
		t.Errorf("%d of 5 units are ranked, want 4", n)
	}
	if got, want := u.Memorized(), []Memorized{{8, 2}, {3, 1}, {4, 1}}; !reflect.DeepEqual(got, want) {
		t.Errorf("memorized %v, want %v", got, want)
	}
	empty := (&UnitTable{Units: []Unit{{Layer: "c", Mem: undefined}}}).Layers()[0]
	if empty.Mean.Defined() || empty.Max.Defined() || empty.Above.Defined() {
		t.Errorf("a layer without UnitMem: %+v", empty)
	}
}

func TestUnitTableFiles(t *testing.T) {
	dir := t.TempDir()
	u := handUnits()
	if err := u.SaveJSON(filepath.Join(dir, "units.json")); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "units.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got UnitTable
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if !sameUnits(&got, u) {
		t.Errorf("JSON gives back %+v, want %+v", got, *u)
	}
	if err := u.SaveCSV(filepath.Join(dir, "units.csv")); err != nil {
		t.Fatal(err)
	}
	if text, err = os.ReadFile(filepath.Join(dir, "units.csv")); err != nil {
		t.Fatal(err)
	}
	const want = `layer,unit,unit_mem,unit_mem_median,mu_max,mu_rest,mu_rest_median,argmax,dead,unbounded
a,0,0.25,,1,0.5,,8,false,false
a,1,0.75,,1,0.5,,3,false,false
a,2,0,,1,0.5,,,true,false
b,0,0.75,,1,0.5,,8,false,false
b,1,,,1,0.5,,4,false,false
`
	if string(text) != want {
		t.Errorf("CSV:\n%s\nwant\n%s", text, want)
	}
}
