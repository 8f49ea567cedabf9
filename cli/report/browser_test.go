package report_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sslmem/cli/report"
)

// browse opens a page in headless Chromium and returns it as it is after its
// scripts have run, and what stood on the console. Without Chromium the test is
// skipped.
func browse(t *testing.T, page string) (dom, console string) {
	t.Helper()
	if testing.Short() {
		t.Skip("starting a browser takes seconds")
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no chromium")
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "report.html")
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr",
		"--user-data-dir="+filepath.Join(folder, "profile"), "--dump-dom", "file://"+path)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil || out.Len() == 0 {
		t.Skipf("chromium does not run here: %v\n%s", err, log.String())
	}
	var lines []string
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "CONSOLE") {
			lines = append(lines, line)
		}
	}
	return out.String(), strings.Join(lines, "")
}

// The page as it is runs its script under its own policy without a complaint.
func TestBrowserConsole(t *testing.T) {
	dom, console := browse(t, render(t, samplePage(t)))
	if console != "" {
		t.Errorf("the console is not empty:\n%s", console)
	}
	if !strings.Contains(dom, "16 of 16 shown") || strings.Count(dom, "<button") != 5 {
		t.Error("the script did not set up sorting and filtering")
	}
	broken := strings.Replace(render(t, samplePage(t)), `"use strict"`, `"use  strict"`, 1)
	if _, console := browse(t, broken); !strings.Contains(console, "Content Security Policy") {
		t.Errorf("a changed script ran; the console says %q", console)
	}
}

// use is a script that works the page as a reader would and notes, after each
// step, which images are seen.
const use = `<script>
const notes = document.createElement("pre");
document.body.append(notes);
function note(step) {
  const seen = Array.from(document.querySelectorAll("#images-table tbody tr")).filter((r) => !r.hidden);
  notes.append(step + ": " + seen.map((r) => r.cells[5].textContent).join(" ") + "\n");
}
const button = (i) => document.querySelectorAll("#images-table th button")[i];
const set = document.getElementById("images-set"), search = document.getElementById("images-search");
note("start");
button(2).click(); note("score up");
button(4).click(); note("number up");
button(4).click(); note("number down");
button(0).click(); note("set up");
button(2).click(); note("score down");
set.value = "S_C"; set.dispatchEvent(new Event("change")); note("only S_C");
search.value = "DOG "; search.dispatchEvent(new Event("input")); note("dogs in S_C");
set.value = ""; set.dispatchEvent(new Event("change")); search.value = "12"; search.dispatchEvent(new Event("input")); note("number 12");
</script></body>`

func TestBrowserSortAndFilter(t *testing.T) {
	images := []report.Image{
		{Index: 3, Set: "S_C", Label: "dog", Rank: 1, Of: 9, Score: 0.5},
		{Index: 120, Set: "S_S", Label: "cat", Rank: 1, Of: 9, Score: 0.1},
		{Index: 12, Set: "S_C", Label: "cat", Rank: 2, Of: 9, Score: -0.05},
		{Index: 20, Set: "S_E", Label: "hot dog", Rank: 9, Of: 9, Score: -0.3},
	}
	for i := range images {
		images[i].PNG, _ = report.Thumbnail([]byte{1}, 1, 1, 1)
	}
	page := render(t, report.Data{Title: "x", Verdict: []string{"y"}, Images: images})
	// the policy would, rightly, not let the test's script run
	page = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`).ReplaceAllString(page, "")
	dom, console := browse(t, strings.Replace(page, "</body>", use, 1))
	if console != "" {
		t.Errorf("the console is not empty:\n%s", console)
	}
	for step, want := range map[string]string{
		"start":       "3 120 12 20",
		"score up":    "20 12 120 3",
		"number up":   "3 12 20 120",
		"number down": "120 20 12 3",
		"set up":      "3 12 20 120",
		"score down":  "3 120 12 20",
		"only S_C":    "3 12",
		"dogs in S_C": "3",
		"number 12":   "12",
	} {
		if !strings.Contains(dom, "\n"+step+": "+want+"\n") && !strings.Contains(dom, ">"+step+": "+want+"\n") {
			t.Errorf("%s: want %s", step, want)
		}
	}
	if t.Failed() {
		t.Log(dom[strings.LastIndex(dom, "<pre"):])
	}
}
