// Package selfcheck asks of published findings on memorization whether they hold
// here, at the scale of a laptop.
//
// A [Check] is a claim with its source and a function that measures what the claim is
// about on the encoders of a [Lab], which trains each pair once, when it is first
// asked for, and keeps it in a folder. What was measured are [Row] values, each with
// what is expected of it and a verdict:
//
//	shown         the one-sided p in the expected direction is below .05
//	contradicted  that in the other direction is
//	not shown     else: "at this scale", with as many images and seeds
//	not run       nothing was measured, for a reason that is given
//
// [JudgeSign], [JudgeWithin], [JudgeExact] and [Overall] are that rule, functions of
// numbers alone. Nothing else decides, and "not shown" is as good an answer as any.
// Only rows that hold exactly, whatever the encoders are, can fail: [Report.Failed].
//
//	lab, err := selfcheck.OpenLab(dir, selfcheck.Whole(), say)
//	findings, err := selfcheck.RunAll(ctx, selfcheck.Checks(), lab)
//	err = selfcheck.Report{Plan: lab.Plan, Findings: findings}.WriteText(os.Stdout)
//
// [FastChecks] need no training and take seconds on a [FastLab].
package selfcheck
