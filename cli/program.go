package cli

import (
	"os"
	"strings"
)

// program is how the commands that are printed call the program: by the path
// it was called by, so that they can be copied, or by its name where the shell
// found it.
func program() string {
	if strings.ContainsRune(os.Args[0], os.PathSeparator) {
		return os.Args[0]
	}
	return "sslmem"
}
