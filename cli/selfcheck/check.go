package selfcheck

import (
	"context"
	"fmt"

	"sslmem/mem"
	"sslmem/torch"
)

// A Check asks whether a published finding, or a property that the definitions imply,
// holds here.
type Check struct {
	Number int    `json:"number"` // 0 is that of the anchors, which is of no publication
	Claim  string `json:"claim"`
	Source string `json:"source"`
	// Fast says that it takes seconds, with encoders that nobody trained.
	Fast bool `json:"-"`
	// Run measures what the claim is about. A check without Run is not run, for the
	// Reason.
	Run    func(ctx context.Context, l *Lab) ([]Row, error) `json:"-"`
	Reason string                                           `json:"-"`
}

// A Row is one number that a claim is about.
type Row struct {
	What   string       `json:"what"`
	Expect Expect       `json:"expect"`
	Value  mem.Number   `json:"value"`
	CI     mem.Interval `json:"ci95"`
	P      mem.Number   `json:"p_one_sided"` // in the direction of Expect
	N      int          `json:"n"`           // of what Unit says
	Unit   string       `json:"unit"`        // "images", "pairs", …: what is the sample of the test
	Seeds  int          `json:"seeds"`       // f/g pairs behind the value
	Note   string       `json:"note,omitempty"`

	Verdict Verdict `json:"verdict"`
}

// A Finding is what came of a check.
type Finding struct {
	Check
	Rows    []Row   `json:"rows"`
	Verdict Verdict `json:"verdict"`
	Why     string  `json:"reason,omitempty"` // that it was not run
}

// Failed reports whether something that holds exactly did not.
func (f Finding) Failed() bool {
	for _, r := range f.Rows {
		if r.Expect == Exactly && r.Verdict != Shown {
			return true
		}
	}
	return false
}

// run runs a check on the encoders of a lab.
func (c Check) run(ctx context.Context, l *Lab) (Finding, error) {
	f := Finding{Check: c, Verdict: NotRun, Why: c.Reason}
	if c.Run == nil {
		return f, nil
	}
	if c.Number > 0 {
		l.Say("check %d: %s", c.Number, c.Claim)
	}
	rows, err := c.Run(ctx, l)
	if err != nil {
		return f, fmt.Errorf("check %d: %w", c.Number, err)
	}
	f.Rows, f.Verdict = rows, Overall(rows)
	return f, nil
}

// Checks lists all checks in their order.
func Checks() []Check {
	return []Check{
		{Number: 0, Claim: "closed forms have their exact values", Source: "definitions", Fast: true, Run: anchors},
		{Number: 1, Claim: "images that f alone saw have the highest m, those that g alone saw the lowest", Source: "SSLMem (arXiv 2401.12233)", Run: contrasts},
		{Number: 2, Claim: "f = g gives m = 0, a swap −m, and a scale of the features changes nothing; what both saw and what neither saw is alike", Source: "definition", Fast: true, Run: algebra},
		{Number: 3, Claim: "atypical images are memorized more than typical ones", Source: "SSLMem, LayerMem (arXiv 2409.19069)", Run: atypicalImages},
		{Number: 4, Claim: "m and UnitMem grow with the epochs, fastest early", Source: "LayerMem, figure 4", Run: epochs},
		{Number: 5, Claim: "stronger augmentation in training lowers memorization", Source: "LayerMem, table 27", Run: augmentation},
		{Number: 6, Claim: "differential privacy lowers m, UnitMem and accuracy", Source: "LayerMem, figure 1c", Reason: "the contrastive losses of these pairs mix images, so they have no per-image gradients to clip; it needs DP-SGD of a reconstructing method"},
		{Number: 7, Claim: "to train without the most memorized images costs more accuracy than without random ones", Source: "SSLMem, figure 3", Reason: "the effect is of 1 to 2 points and takes a retraining for each k, kind and seed; see sslmem experiment removal"},
		{Number: 8, Claim: "seeds agree on the most memorized images, and SSL methods with each other more than with supervised training", Source: "LayerMem, table 28; SSLMem", Run: agreement},
		{Number: 9, Claim: "LayerMem rises with depth, and few images carry it", Source: "LayerMem, tables 1 and 26", Run: depth},
		{Number: 10, Claim: "units memorize single images, and the nearest neighbors of a crop tell the class of images that were seen", Source: "LayerMem, tables 6 and 11, figure 3; Déjà Vu (arXiv 2304.13850)", Run: unitsAndDejaVu},
	}
}

// FastChecks are those that take seconds.
func FastChecks() []Check {
	var fast []Check
	for _, c := range Checks() {
		if c.Fast {
			fast = append(fast, c)
		}
	}
	return fast
}

// Select returns the checks of the given numbers.
func Select(numbers []int) ([]Check, error) {
	all := Checks()
	var some []Check
	for _, n := range numbers {
		if n < 0 || n >= len(all) {
			return nil, fmt.Errorf("there is no check %d; they are 0 to %d", n, len(all)-1)
		}
		some = append(some, all[n])
	}
	return some, nil
}

// RunAll runs checks one after the other, with one thread for each encoder.
func RunAll(ctx context.Context, checks []Check, l *Lab) ([]Finding, error) {
	torch.SetNumThreads(1) // small networks do not fill two; f and g have one each
	var findings []Finding
	for _, c := range checks {
		f, err := c.run(ctx, l)
		if err != nil {
			return nil, err
		}
		findings = append(findings, f)
	}
	return findings, nil
}
