// Package statedict reads the checkpoints of gotorch, the older binding of
// libtorch, in pure Go, and writes them as files that PyTorch and this module
// read.
//
// A gotorch program saves a network with
//
//	gob.NewEncoder(file).Encode(net.StateDict())
//
// Such a file is a gob of a map from names to tensors, and each tensor in it is
// a small archive of its own, which libtorch's pickle_save wrote. [Read] decodes
// the gob with encoding/gob and the archives with package ptfile, so that it
// needs neither gotorch nor libtorch, runs nothing that the file contains, and
// returns an error for a damaged one, where gotorch's decoder would hand the
// bytes to C++.
//
// # Names
//
// gotorch names a tensor by the type of the network and the path of Go fields
// to it, ResnetModule.L1.Modules[0].C1.Weight. [PyTorchName] turns that into
// l1.0.c1.weight, and [ResNetName] into torchvision's layer1.0.conv1.weight,
// which is needed only for the networks of gotorch's vision/models.
package statedict
