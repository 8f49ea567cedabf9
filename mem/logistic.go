package mem

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// logistic tells two classes apart by a linear function of standardized features.
type logistic struct {
	mean, scale []float64 // scale is 0 for a feature that does not vary
	weight      []float64 // the last is the intercept
}

// fitLogistic finds the optimum of the mean log loss plus decay/2·‖w‖², without the
// intercept, where members and others weigh the same whatever their numbers. Both must
// have a row of D features at least. decay must be above 0, so that there is one
// optimum; Newton's method finds it.
func fitLogistic(members, others [][]float64, decay float64) (*logistic, error) {
	n, d := len(members)+len(others), len(members[0])
	l := &logistic{mean: make([]float64, d), scale: make([]float64, d), weight: make([]float64, d+1)}
	rows := append(append(make([][]float64, 0, n), members...), others...)
	column := make([]float64, n)
	for k := range d {
		for i, row := range rows {
			column[i] = row[k]
		}
		mean, variance := meanVariance(column)
		l.mean[k] = mean
		if sd := math.Sqrt(variance); sd > 1e-9*max(1, math.Abs(mean)) {
			l.scale[k] = 1 / sd
		}
	}
	x := make([][]float64, n)
	for i, row := range rows {
		x[i] = l.standardize(row)
	}
	target := func(i int) (y, weight float64) {
		if i < len(members) {
			return 1, .5 / float64(len(members))
		}
		return 0, .5 / float64(len(others))
	}
	value := func(w []float64) float64 {
		sum := decay / 2 * floats.Dot(w[:d], w[:d])
		for i := range x {
			y, weight := target(i)
			sum += weight * logLoss(floats.Dot(w, x[i]), y)
		}
		return sum
	}
	current := value(l.weight)
	for range 100 {
		gradient, hessian := make([]float64, d+1), mat.NewSymDense(d+1, nil)
		for k := range d {
			gradient[k] = decay * l.weight[k]
			hessian.SetSym(k, k, decay)
		}
		hessian.SetSym(d, d, 1e-9)
		for i := range x {
			y, weight := target(i)
			p := sigmoid(floats.Dot(l.weight, x[i]))
			floats.AddScaled(gradient, weight*(p-y), x[i])
			hessian.SymRankOne(hessian, weight*p*(1-p), mat.NewVecDense(d+1, x[i]))
		}
		if floats.Norm(gradient, math.Inf(1)) < 1e-9 {
			return l, nil
		}
		var factor mat.Cholesky
		if !factor.Factorize(hessian) {
			return nil, fmt.Errorf("mem: logistic regression has no step; the features are too large")
		}
		var step mat.VecDense
		if err := factor.SolveVecTo(&step, mat.NewVecDense(d+1, gradient)); err != nil {
			return nil, fmt.Errorf("mem: logistic regression: %w", err)
		}
		next := make([]float64, d+1)
		for scale := 1.; ; scale /= 2 {
			floats.AddScaledTo(next, l.weight, -scale, step.RawVector().Data)
			v := value(next)
			if v < current {
				current = v
				break
			}
			if scale < 1e-10 { // rounding: it gets no better
				return l, nil
			}
		}
		l.weight = next
	}
	return l, nil
}

// standardize returns a row as the weights see it, followed by 1.
func (l *logistic) standardize(row []float64) []float64 {
	x := make([]float64, len(row)+1)
	for k, v := range row {
		x[k] = (v - l.mean[k]) * l.scale[k]
	}
	x[len(row)] = 1
	return x
}

// logit is positive for rows that are more like members.
func (l *logistic) logit(row []float64) float64 { return floats.Dot(l.weight, l.standardize(row)) }

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// logLoss is −y·ln σ(z) − (1−y)·ln(1−σ(z)).
func logLoss(z, y float64) float64 {
	return max(z, 0) - z*y + math.Log1p(math.Exp(-math.Abs(z)))
}
