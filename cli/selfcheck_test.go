package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSelfcheckFast(t *testing.T) {
	page := filepath.Join(t.TempDir(), "selfcheck.md")
	code, stdout, stderr := call("selfcheck", "--fast", "--json", "--markdown", page)
	if code != ExitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var report struct {
		Findings []struct {
			Number  int    `json:"number"`
			Verdict string `json:"verdict"`
		} `json:"findings"`
	}
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Findings) != 2 || report.Findings[0].Verdict != "shown" || report.Findings[1].Verdict != "shown" {
		t.Errorf("%+v", report)
	}
	if text, err := os.ReadFile(page); err != nil || !strings.Contains(string(text), "bin/sslmem selfcheck --fast") {
		t.Errorf("%v: %s", err, text)
	}
}

func TestSelfcheckRefuses(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--checks", "1,x"}, "is not a list of numbers"},
		{[]string{"--checks", "11"}, "there is no check 11; they are 0 to 10"},
		{[]string{"--fast", "--checks", "2"}, "exclude each other"},
		{[]string{"--fast", "--out", "x"}, "keeps nothing"},
	} {
		if code, _, stderr := call(append([]string{"selfcheck"}, c.args...)...); code != ExitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit code %d: %s", c.args, code, stderr)
		}
	}
}
