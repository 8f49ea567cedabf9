package rundir_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"sslmem/cli/rundir"
)

// A process is killed while it appends; another goes on from an earlier step.
func TestLogKilled(t *testing.T) {
	const env = "SSLMEM_TEST_LOG"
	if path := os.Getenv(env); path != "" {
		l := openLog(t, rundir.Dir(path), "loss", "lr")
		for step := 1; ; step++ {
			appendTo(t, l, row("f0", step, float64(step), .1))
			if step%100 == 0 {
				fmt.Println(step)
			}
		}
	}
	dir := rundir.Dir(t.TempDir())
	for range 3 {
		child := exec.Command(os.Args[0], "-test.run=^TestLogKilled$")
		child.Env = append(os.Environ(), env+"="+string(dir))
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Errorf("the process wrote no 100 rows: %v", err)
		}
		if err := child.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = child.Wait() // killed

		l := openLog(t, dir, "loss", "lr")
		rows, err := rundir.ReadMetrics(dir.Join(rundir.MetricsFile))
		if err != nil || len(rows) < 100 {
			t.Fatalf("%d rows, want 100 or more: %v", len(rows), err)
		}
		checkLog(t, dir, rows...)
		if err := l.Rewind("f0", 50); err != nil {
			t.Fatal(err)
		}
		rows, err = rundir.ReadMetrics(dir.Join(rundir.MetricsFile))
		if err != nil || len(rows) != 50 {
			t.Fatalf("%d rows are left, want 50: %v", len(rows), err)
		}
		checkLog(t, dir, rows...)
		closeLog(t, l)
		if got := curve(t, dir, "f0", "loss"); len(got) != 50 || got[49] != [2]float64{50, 50} {
			t.Fatalf("TensorBoard shows %d points", len(got))
		}
		l = openLog(t, dir)
		if err := l.Rewind("f0", 0); err != nil { // the next process takes all steps again
			t.Fatal(err)
		}
		closeLog(t, l)
	}
}
