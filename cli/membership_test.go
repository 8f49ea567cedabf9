package cli

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sslmem/cli/rundir"
	"sslmem/mem"
	"sslmem/torch/torchtest"
)

func TestMembershipOfARun(t *testing.T) {
	torchtest.NoLeak(t)
	dir := attackRun(t)
	attack := func(args ...string) *mem.MembershipReport {
		t.Helper()
		code, stdout, stderr := call(append(append([]string{"membership", "--json"}, args...), dir)...)
		var o membershipOutcome
		if err := json.Unmarshal([]byte(stdout), &o); code != ExitOK || err != nil {
			t.Fatalf("%v: %d %v %s", args, code, err, stderr)
		}
		return o.Report
	}
	r := attack("--views", "3")
	if r.Against != mem.Independent || r.Pairs != 2 || r.Members != 20 || r.Others != 20 || r.Views != 3 || len(r.Attacks) != 4 {
		t.Errorf("%+v", r)
	}
	var saved mem.MembershipReport
	if err := rundir.ReadJSON(filepath.Join(dir, rundir.MembersReport), &saved); err != nil || saved.Attacks[1] != r.Attacks[1] {
		t.Errorf("membership.json: %+v, %v", saved, err)
	}
	rows := table(t, filepath.Join(dir, rundir.MembershipFile))
	if len(rows) != 1+2*2*40 {
		t.Errorf("membership.csv has %d rows", len(rows))
	}
	// The loss and m are those of scores by as many views.
	if code, _, stderr := call("score", dir); code != ExitOK {
		t.Fatal(stderr)
	}
	attack("--against", "S_E", "--views", "4")
	scores, err := mem.LoadCSV(filepath.Join(dir, rundir.ScoresFile))
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	for _, row := range table(t, filepath.Join(dir, rundir.MembershipFile))[1:] {
		if row[0] == "1" && row[1] == "f" {
			m[row[3]] = row[9]
		}
	}
	want := scores.PairM(1, mem.Raw)
	for _, i := range append(scores.In(mem.Candidate), scores.In(mem.External)...) {
		got, err := strconv.ParseFloat(m[strconv.Itoa(scores.Index[i])], 64)
		if err != nil || math.Abs(got-want[i]) > 1e-6 {
			t.Errorf("m of image %d is %v, want %v: %v", scores.Index[i], got, want[i], err)
		}
	}
	code, stdout, stderr := call("membership", dir)
	for _, text := range []string{"Membership from 10 views", "mean of cosines", "chance", "TPR at .1 % FPR", "membership.csv"} {
		if code != ExitOK || !strings.Contains(stdout, text) {
			t.Errorf("%d %s%s; want %q", code, stdout, stderr, text)
		}
	}
	refuses(t, ExitUsage, "must be S_I or S_E", "membership", "--against", "S_C", dir)
	refuses(t, ExitUsage, "not a set", "membership", "--against", "S_X", dir)
	refuses(t, ExitUsage, "at least 2", "membership", "--views", "1", dir)
	refuses(t, ExitUsage, "needs the folder of a run", "membership")
	refuses(t, ExitFailure, "", "membership", filepath.Join(dir, "none"))
}
