package optim

import "math"

// A StepLR multiplies the learning rate by Gamma after every StepSize steps,
// which must be positive.
type StepLR struct {
	Base     float64
	StepSize int // steps
	Gamma    float64
}

// At implements [Schedule].
func (s StepLR) At(step int) float64 {
	return s.Base * math.Pow(s.Gamma, float64(step/s.StepSize))
}

// A MultiStepLR multiplies the learning rate by Gamma when the step reaches a
// milestone, twice where it is listed twice.
type MultiStepLR struct {
	Base       float64
	Milestones []int // steps, in any order
	Gamma      float64
}

// At implements [Schedule].
func (m MultiStepLR) At(step int) float64 {
	passed := 0
	for _, milestone := range m.Milestones {
		if step >= milestone {
			passed++
		}
	}
	return m.Base * math.Pow(m.Gamma, float64(passed))
}

// An ExponentialLR multiplies the learning rate by Gamma after every step.
type ExponentialLR struct {
	Base, Gamma float64
}

// At implements [Schedule].
func (e ExponentialLR) At(step int) float64 { return e.Base * math.Pow(e.Gamma, float64(step)) }

// A ConstantLR is Base times Factor for TotalIters steps and Base afterwards.
// With no steps it is Base throughout.
type ConstantLR struct {
	Base, Factor float64
	TotalIters   int // steps
}

// At implements [Schedule].
func (c ConstantLR) At(step int) float64 {
	if step < c.TotalIters {
		return c.Base * c.Factor
	}
	return c.Base
}

// A LinearLR goes from Base times StartFactor to Base times EndFactor in
// TotalIters steps, and stays there.
type LinearLR struct {
	Base, StartFactor, EndFactor float64
	TotalIters                   int // steps
}

// At implements [Schedule].
func (l LinearLR) At(step int) float64 {
	if step >= l.TotalIters {
		return l.Base * l.EndFactor
	}
	return l.Base * linear(l.StartFactor, l.EndFactor, float64(step)/float64(l.TotalIters))
}

// A PolynomialLR is Base·(1 − step/TotalIters)^Power, and 0 from step TotalIters
// on. LARS was published with Power 2.
type PolynomialLR struct {
	Base       float64
	TotalIters int // steps
	Power      float64
}

// At implements [Schedule].
func (p PolynomialLR) At(step int) float64 {
	if step >= p.TotalIters {
		return 0
	}
	return p.Base * math.Pow(1-float64(step)/float64(p.TotalIters), p.Power)
}
