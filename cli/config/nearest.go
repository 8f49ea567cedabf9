package config

import "sslmem/internal/nearest"

// Nearest returns the word of known that was most likely meant by word, and
// whether any is near enough to be worth suggesting; see [nearest.Word].
func Nearest(word string, known []string) (string, bool) { return nearest.Word(word, known) }
