package mem

import "fmt"

// pointUnits collects what units give for points.
type pointUnits struct {
	layers  []string
	running []*running // of each layer
}

func (p *pointUnits) add(layer, i int, mu []float64) { p.running[layer].add(i, mu) }

func (p *pointUnits) finish(n Negatives) ([]Unit, error) {
	return unitsOf(p.layers, p.running, n, "image")
}

// unitsOf returns the units of all layers.
func unitsOf(layers []string, running []*running, n Negatives, what string) ([]Unit, error) {
	var units []Unit
	for k, r := range running {
		for u := range r.highest {
			unit := r.unit(u)
			unit.Layer = layers[k]
			if unit.Unbounded && n == RefuseNegatives {
				return nil, fmt.Errorf("mem: unit %d of layer %s has the negative activation %.3g for some %s, for which its memorization has no bounds; take layers behind their rectifier, or negatives %q, %q or %q",
					u, unit.Layer, r.lowest[u], what, RectifyNegatives, AbsoluteNegatives, UnboundedNegatives)
			}
			units = append(units, unit)
		}
	}
	return units, nil
}

// classUnits collects what units give for classes.
type classUnits struct {
	layers []string
	label  func(i int) int
	median bool
	count  [][]int       // images of each class, [layers][classes]
	sum    [][][]float64 // of the activations, [layers][classes][units]
}

func newClassUnits(layers []string, units []int, classes int, median bool, label func(i int) int) *classUnits {
	c := &classUnits{layers: layers, label: label, median: median}
	for _, n := range units {
		sum := make([][]float64, classes)
		for k := range sum {
			sum[k] = make([]float64, n)
		}
		c.sum = append(c.sum, sum)
		c.count = append(c.count, make([]int, classes))
	}
	return c
}

func (c *classUnits) add(layer, i int, mu []float64) {
	class := c.label(i)
	c.count[layer][class]++
	for u, v := range mu {
		c.sum[layer][class][u] += v
	}
}

func (c *classUnits) finish(n Negatives) ([]Unit, error) {
	var all []*running
	for k, classes := range c.sum {
		r := newRunning(len(classes[0]), c.median)
		for class, mu := range classes {
			if count := c.count[k][class]; count > 0 {
				for u := range mu {
					mu[u] /= float64(count)
				}
				r.add(class, mu)
			}
		}
		all = append(all, r)
	}
	return unitsOf(c.layers, all, n, "class")
}
