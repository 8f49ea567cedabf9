// Package format reads the file formats in which arrays of images and labels
// are published, and nothing more of each than that takes:
//
//   - [ReadPickle]: Python pickles of plain values and NumPy arrays, as in the
//     python archives of CIFAR. Nothing is ever executed: a pickle may name
//     only what builds an array.
//   - [ReadMAT]: MATLAB 5 files, as those of SVHN.
//   - [ReadNPY]: NumPy's .npy, which is also written, by [WriteNPYHeader].
//
// All of them give an [Array], the elements in the order of the file. Each
// reader takes memory only for what a file of the given size can hold, and
// what is wrong with a file is an [Error] with file and byte. Readers of other
// formats do the same with a [Cursor].
package format
