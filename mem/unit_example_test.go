package mem_test

import (
	"fmt"
	"log"
	"os"

	"sslmem/mem"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// Activations of four units for four points.
func ExampleUnitMemOf() {
	for _, mu := range [][]float64{
		{1, 0, 0, 0}, // active for one point only
		{3, 1, 1, 1},
		{8, 0, 0, 6}, // for two of four: the median does not see the second
		{1, 1, 1, 1}, // as active for all
	} {
		mean, median, point := mem.UnitMemOf(mu)
		fmt.Printf("mean %.2f, median %.2f, point %d\n", mean, median, point)
	}
	// Output:
	// mean 1.00, median 1.00, point 0
	// mean 0.50, median 0.50, point 0
	// mean 0.60, median 1.00, point 0
	// mean 0.00, median 0.00, point 0
}

func ExampleUnitTable_WriteText() {
	table := &mem.UnitTable{Of: mem.OfPoints, N: 100, Views: 10, Units: []mem.Unit{
		{Layer: "conv1.2", Unit: 0, Mem: .5, Max: 3, Rest: 1, Argmax: 17},
		{Layer: "conv1.2", Unit: 1, Mem: .2, Max: 3, Rest: 2, Argmax: 4},
		{Layer: "conv2.2", Unit: 0, Mem: .8, Max: 9, Rest: 1, Argmax: 17},
		{Layer: "conv2.2", Unit: 1, Mem: 0, Argmax: -1, Dead: true},
	}}
	if err := table.WriteText(os.Stdout, 2); err != nil {
		log.Fatal(err)
	}
	fmt.Println("\nmemorized by most units:", table.Memorized()[0])
	// Output:
	// UnitMem, (µ_max − µ_rest)/(µ_max + µ_rest), over 100 points
	//
	//   layer                      units  dead   mean     SD    5 %   25 %   50 %   75 %   95 %    max  above ½
	//   conv1.2                        2     0  0.350  0.212  0.215  0.275  0.350  0.425  0.485  0.500    0.0 %
	//   conv2.2                        2     1  0.400  0.566  0.040  0.200  0.400  0.600  0.760  0.800   50.0 %
	//
	// The units that memorize most:
	//
	//   layer                      unit  UnitMem  µ_max  µ_rest  point
	//   conv2.2                       0    0.800      9       1     17
	//   conv1.2                       0    0.500      3       1     17
	//
	// memorized by most units: {17 2}
}

// A unit without its weights is silent, and the encoder is then what it was.
func ExamplePruneUnits() {
	e, err := models.New(models.Config{Model: "resnet9", Width: 4, InChannels: 1}, torch.NewGenerator(1, torch.CPU))
	if err != nil {
		log.Fatal(err)
	}
	defer nn.Free(e)
	nn.SetTraining(e, false)
	s := torch.NewScope()
	defer s.Close()
	patch, err := mem.PruneUnits(s, e, []mem.UnitRef{{Layer: "conv1.2", Unit: 3}})
	if err != nil {
		log.Fatal(err)
	}
	activity := func() error {
		torch.NoGrad(func() {
			_, layers := e.ForwardLayers(s.Ones([]int{1, 1, 28, 28}, torch.Float32, torch.CPU), "conv1.2")
			fmt.Println("active:", layers["conv1.2"].Select(1, 3).Max().Item() > 0)
		})
		return nil
	}
	for _, run := range []func() error{activity, func() error { return mem.Patched(e, patch, activity) }, activity} {
		if err := run(); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// active: true
	// active: false
	// active: true
}

func ExampleUnitTable_Choose() {
	table := &mem.UnitTable{Of: mem.OfPoints, N: 100, Views: 10, Units: []mem.Unit{
		{Layer: "conv1.2", Unit: 0, Mem: .5}, {Layer: "conv1.2", Unit: 1, Mem: .2},
		{Layer: "conv2.2", Unit: 0, Mem: .8}, {Layer: "conv2.2", Unit: 1, Mem: .6},
	}}
	for _, perLayer := range []bool{false, true} {
		units, err := table.Choose(mem.ChooseMost, .5, perLayer, 0)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(units)
	}
	// Output:
	// [{conv2.2 0} {conv2.2 1}]
	// [{conv1.2 0} {conv2.2 0}]
}
