package ptfile_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"strings"
	"testing"

	"sslmem/torch/ptfile"
)

// rec is one record of an archive that a test builds.
type rec struct {
	name    string
	content string
}

// packed makes an archive of the records, stored or compressed.
func packed(t testing.TB, method uint16, records ...rec) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, r := range records {
		w, err := z.CreateHeader(&zip.FileHeader{Name: r.name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, r.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withPickle is an archive with this pickle and two storages.
func withPickle(t testing.TB, pickle string) []byte {
	t.Helper()
	return packed(t, zip.Store, rec{"x/data.pkl", pickle}, rec{"x/data/0", "01234567"}, rec{"x/data/1", "01234567"})
}

// The pieces of pickles.
func str(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}
func global(module, name string) string { return "c" + module + "\n" + name + "\n" }
func num(n int32) string                { return "J" + string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }
func long(n int64) string {
	return "\x8a\x08" + string(binary.LittleEndian.AppendUint64(nil, uint64(n)))
}
func storage(class, key string, numel int32) string {
	return "(" + str("storage") + global("torch", class) + str(key) + str("cpu") + num(numel) + "tQ"
}

// tensorOf rebuilds a tensor from the pickles of its storage, offset, sizes and
// strides.
func tensorOf(storage, offset, sizes, strides string) string {
	return global("torch._utils", "_rebuild_tensor_v2") + "(" + storage + offset + sizes + strides + "\x89NtR"
}

const proto = "\x80\x02"

// hostile are pickles that must be refused, by what the error has to say. They
// seed the fuzzer too.
var hostile = []struct {
	name, pickle, part string
}{
	{"os.system", proto + global("os", "system") + str("touch /tmp/owned") + "\x85R.", "os.system"},
	{"posix.system", proto + global("posix", "system") + str("id") + "\x85R.", "posix.system"},
	{"eval", proto + global("builtins", "eval") + str("1") + "\x85R.", "builtins.eval"},
	{"eval of Python 2", proto + global("__builtin__", "eval") + str("1") + "\x85R.", "builtins.eval"},
	{"getattr", proto + global("builtins", "getattr") + str("1") + "\x85R.", "builtins.getattr"},
	{"by stack", "\x80\x04" + "\x8c\x02os" + "\x8c\x06system" + "\x93" + str("id") + "\x85R.", "os.system"},
	{"by object", proto + global("subprocess", "Popen") + ")\x81.", "subprocess.Popen"},
	{"by keyword", "\x80\x04" + global("subprocess", "Popen") + ")}\x92.", "subprocess.Popen"},
	{"torch.load itself", proto + global("torch", "load") + str("x") + "\x85R.", "torch.load"},
	{"torch.hub", proto + global("torch.hub", "load") + ".", "torch.hub.load"},
	{"protocol 0", "cos\nsystem\n(S'id'\ntR.", "os.system"},
	{"INST", "(S'id'\nios\nsystem\n.", "opcode 0x53"},
	{"EXT1", proto + "\x82\x01.", "opcode 0x82"},
	{"calls a list", proto + "])R.", "a call of a list"},
	{"calls a dtype", proto + global("torch", "float32") + ")R.", "a call of a torch.dtype"},
	{"calls Tensor", proto + global("torch", "Tensor") + ")R.", "a call of torch.Tensor"},
	{"keywords to OrderedDict", "\x80\x04" + global("collections", "OrderedDict") + ")}\x92.", "a call of collections.OrderedDict"},
	{"hides in from_type", proto + global("torch._tensor", "_rebuild_from_type_v2") + "(" + global("torch._tensor", "_rebuild_from_type_v2") + global("torch", "Tensor") + ")NtR.", "not rebuilt by type"},
	{"builds a list", proto + "]}b.", "BUILD of a list"},
	{"builds a plain dict", proto + "}}b.", "BUILD of a dict"},
	{"appends to a dict", proto + "}Na.", "APPENDS to a dict"},
	{"sets in a list", proto + "]NNs.", "SETITEMS to a list"},
	{"adds to a list", "\x80\x04](N\x90.", "ADDITEMS to a list"},
	{"key without value", proto + "}(Nu.", "no value"},
	{"list as key", proto + "}]Ns.", "cannot hash"},
	{"long name", proto + "c" + strings.Repeat("a", 5000) + "\nx\n.", "no end"},
	{"long name by stack", "\x80\x04" + str(strings.Repeat("a", 5000)) + str("x") + "\x93.", "longer than 1024"},
	{"number as name", "\x80\x04NN\x93.", "two strs"},

	{"huge LONG4", proto + "\x8b\xff\xff\xff\x7f.", "more than the whole pickle"},
	{"long LONG4", proto + "\x8b\x00\x10\x00\x00" + strings.Repeat("\x01", 4096) + ".", "an int has 4096 bytes"},
	{"huge BINUNICODE8", "\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", "more than the whole pickle"},
	{"huge BINUNICODE", proto + "X\xff\xff\xff\xff.", "more than the whole pickle"},
	{"huge BINBYTES8", "\x80\x04\x8e\x00\x00\x00\x00\x00\x00\x00\x80.", "more than the whole pickle"},
	{"huge BYTEARRAY8", "\x80\x05\x96\x00\x00\x00\x00\x01\x00\x00\x00.", "more than the whole pickle"},
	{"huge frame", "\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x80N.", "more than the whole pickle"},
	{"frame too long", "\x80\x04\x95\x07\x00\x00\x00\x00\x00\x00\x00N.", "reaches past the end"},
	{"truncated", proto + "K", "truncated"},
	{"no end", proto + "N", "truncated"},
	{"empty", "", "truncated"},
	{"protocol 9", "\x80\x09N.", "protocol 9"},
	{"not UTF-8", proto + "X\x01\x00\x00\x00\xff.", "not UTF-8"},
	{"surrogate as byte", proto + global("_codecs", "encode") + str("\u0100") + str("latin1") + "\x86R.", "not one byte"},
	{"other codec", proto + global("_codecs", "encode") + str("x") + str("zip") + "\x86R.", "latin1"},

	{"empty stack", proto + ".", "empty stack"},
	{"two values", proto + "NN.", "1 values too many"},
	{"open mark", proto + "N(0(.", "empty stack"},
	{"pops below a mark", proto + "N(\x85.", "empty stack"},
	{"mark without end", proto + "t.", "did not open"},
	{"memo of nothing", proto + "q\x00N.", "empty stack"},
	{"unknown memo", proto + "j\xff\xff\xff\xff.", "did not memorize"},
	{"memo below a mark", proto + "N(q\x00.", "empty stack"},

	{"holds itself", proto + "]q\x00h\x00a.", "holds itself"},
	{"dict holds itself", proto + "}q\x00Nh\x00s.", "holds itself"},
	{"tuple holds itself", proto + "]q\x00h\x00\x85a.", "holds itself"},
	{"deep lists", proto + strings.Repeat("]", 100000) + strings.Repeat("a", 99999) + ".", "nested more than 500"},
	{"deep tuples", proto + "N" + strings.Repeat("\x85", 100000) + ".", "nested more than 500"},
	{"deep key", proto + "}N" + strings.Repeat("\x85", 100) + "Ns.", "nested more than 16 deep"},
	{"laughs", proto + "]q\x00" + laughs(40) + ".", "written out in full"},
	{"laughing key", proto + "}N" + strings.Repeat("q\x000h\x00h\x00\x86", 15) + "Ns.", "dictionary key"},
	{"copies", proto + str(strings.Repeat("é", 1<<16)) + "q\x000" + global("_codecs", "encode") + "q\x010" + str("latin1") + "q\x020" + "](" + strings.Repeat("h\x01h\x00h\x02\x86R", 3000) + "e.", "over and over"},
	{"hashes", proto + str(strings.Repeat("k", 1<<16)) + "q\x000}(" + strings.Repeat("h\x00N", 20000) + "u.", "over and over"},
	{"copies sets", proto + "](" + strings.Repeat("K\x01K\x02", 4000) + "eq\x000" + global("builtins", "set") + "q\x010](" + strings.Repeat("h\x01h\x00\x85R", 4000) + "e.", "over and over"},

	{"persistent str", proto + str("storage") + "Q.", "persistent id"},
	{"persistent object", proto + "(" + str("module") + "NNNNtQ.", "persistent id"},
	{"storage of Tensor", proto + "(" + str("storage") + global("torch", "Tensor") + str("0") + str("cpu") + "K\x01tQ.", "no class of storages"},
	{"storage of None", proto + "(" + str("storage") + "N" + str("0") + str("cpu") + "K\x01tQ.", "not (class, str, str, int)"},
	{"negative storage", proto + storage("FloatStorage", "0", -1) + ".", "has -1 elements"},
	{"storage of two types", proto + storage("FloatStorage", "0", 2) + storage("IntStorage", "0", 2) + "\x86.", "in another"},
	{"storage too long", proto + storage("FloatStorage", "0", 3) + ".", "12 bytes, but its record has 8"},
	{"storage too short", proto + storage("FloatStorage", "0", 1) + ".", "4 bytes, but its record has 8"},
	{"storage without record", proto + storage("FloatStorage", "7", 2) + ".", `no record "data/7"`},
	{"path as key", proto + storage("FloatStorage", "../../../etc/passwd", 2) + ".", `no record "data/../../../etc/passwd"`},
	{"absolute path as key", proto + storage("FloatStorage", "/etc/passwd", 2) + ".", `no record "data//etc/passwd"`},

	{"offset past the end", proto + tensorOf(storage("FloatStorage", "0", 2), "K\x02", ")", ")") + ".", "reaches element 2 of a storage that has 2"},
	{"negative offset", proto + tensorOf(storage("FloatStorage", "0", 2), num(-1), ")", ")") + ".", "offset -1"},
	{"shape past the end", proto + tensorOf(storage("FloatStorage", "0", 2), "K\x00", "K\x03\x85", "K\x01\x85") + ".", "reaches element 2"},
	{"strides past the end", proto + tensorOf(storage("FloatStorage", "0", 2), "K\x00", "K\x02K\x02\x86", "K\x02K\x01\x86") + ".", "reaches element 3"},
	{"negative stride", proto + tensorOf(storage("FloatStorage", "0", 2), "K\x01", "K\x02\x85", num(-1)+"\x85") + ".", "negative size or stride"},
	{"negative size", proto + tensorOf(storage("FloatStorage", "0", 2), "K\x01", num(-1)+"\x85", "K\x01\x85") + ".", "negative size or stride"},
	{"product overflows", proto + tensorOf(storage("FloatStorage", "0", 2), "K\x00", long(1<<32)+long(1<<32)+"\x86", "K\x00K\x00\x86") + ".", "63 bits"},
	{"bytes overflow", proto + tensorOf(storage("FloatStorage", "0", 2), "K\x00", long(1<<62)+"\x85", "K\x00\x85") + ".", "63 bits"},
	{"reach overflows", proto + tensorOf(storage("FloatStorage", "0", 2), "K\x00", "K\x03\x85", long(1<<62)+"\x85") + ".", "63 bits"},
	{"sizes and strides", proto + tensorOf(storage("FloatStorage", "0", 2), "K\x00", "K\x02\x85", ")") + ".", "1 sizes and 0 strides"},
	{"too many dimensions", proto + tensorOf(storage("FloatStorage", "0", 2), "K\x00", "("+strings.Repeat("K\x01", 65)+"t", "("+strings.Repeat("K\x01", 65)+"t") + ".", "65 dimensions"},
	{"shape of floats", proto + tensorOf(storage("FloatStorage", "0", 2), "K\x00", "G\x00\x00\x00\x00\x00\x00\x00\x00\x85", ")") + ".", "among its ints"},
	{"tensor without storage", proto + tensorOf("N", "K\x00", ")", ")") + ".", "None as its storage"},
	{"parameter of None", proto + global("torch._utils", "_rebuild_parameter") + "(N\x88NtR.", "not made from a tensor"},
}

// laughs makes n lists, each of ten references to the one before, and leaves
// the last on the stack.
func laughs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "0](%seq%c", strings.Repeat(fmt.Sprintf("h%c", i), 10), i+1)
	}
	return b.String()
}

func TestHostilePickles(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			b := withPickle(t, c.pickle)
			before := allocated()
			_, err := read(b)
			if err == nil || !strings.Contains(err.Error(), c.part) {
				t.Errorf("error %v lacks %q", err, c.part)
			}
			var format *ptfile.FormatError
			var unknown *ptfile.UnknownGlobalError
			if !errors.As(err, &format) && !errors.As(err, &unknown) {
				t.Errorf("error %T", err)
			}
			if used := allocated() - before; used > bound(len(b)) {
				t.Errorf("%d bytes of memory were taken for a file of %d", used, len(b))
			}
		})
	}
}

// allocated is the number of bytes that the process has ever taken.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// bound is what reading a file may take from first to last, garbage included.
func bound(size int) uint64 { return 256<<20 + 600*uint64(size) }

// TestHostileOpaque reads the same with unknown classes as opaque objects:
// those with a call become a record of it, and nothing else changes.
func TestHostileOpaque(t *testing.T) {
	for _, c := range hostile {
		b := withPickle(t, c.pickle)
		f, err := ptfile.Read(bytes.NewReader(b), int64(len(b)), ptfile.Options{Opaque: true})
		if err != nil {
			continue
		}
		switch v := f.Root.(type) {
		case *ptfile.Object:
			if v.Class().Name == "" {
				t.Errorf("%s: %#v", c.name, v)
			}
		case ptfile.Class:
		default:
			t.Errorf("%s is read as %#v", c.name, v)
		}
	}
}

func TestHostileArchives(t *testing.T) {
	one := rec{"x/data.pkl", proto + storage("FloatStorage", "0", 2) + "."}
	data := rec{"x/data/0", "01234567"}
	zeros := rec{"x/data/0", strings.Repeat("\x00", 64<<20)}
	bomb := rec{"x/data.pkl", proto + storage("FloatStorage", "0", 16<<20) + "."}
	good := packed(t, zip.Store, one, data)
	if _, err := read(good); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		file []byte
		part string
	}{
		{"zip bomb", packed(t, zip.Deflate, bomb, zeros), `"x/data.pkl" is compressed`},
		{"compressed storage", func() []byte {
			b := packed(t, zip.Store, bomb)
			return join(t, b, packed(t, zip.Deflate, zeros))
		}(), `"x/data/0" is compressed`},
		{"record twice", packed(t, zip.Store, one, data, data), `the record "x/data/0" twice`},
		{"pickle twice", packed(t, zip.Store, one, one, data), `the record "x/data.pkl" twice`},
		{"outside the folder", packed(t, zip.Store, one, data, rec{"../../etc/passwd", ""}), "outside its folder"},
		{"no pickle", packed(t, zip.Store, data), "no data.pkl"},
		{"empty archive", packed(t, zip.Store), "no data.pkl"},
		{"code", packed(t, zip.Store, one, data, rec{"x/code/__torch__.py", ""}), "TorchScript"},
		{"byte order", packed(t, zip.Store, one, data, rec{"x/byteorder", "middle"}), `"middle"`},
		{"long byte order", packed(t, zip.Store, one, data, rec{"x/byteorder", strings.Repeat("little", 9)}), "more than the 16"},
		{"false checksum", bytes.Replace(good, []byte("storage"), []byte("Storage"), 1), "checksum"},
		{"overlap", overlapping(t), "two records overlap"},
		{"tar", append(make([]byte, 257), "ustar\x00 0000000"...), "tar file"},
		{"safetensors", []byte("\x08\x00\x00\x00\x00\x00\x00\x00{}      "), "LoadSafetensors"},
		{"nothing", nil, "empty"},
		{"text", []byte("hello"), "does not begin as a zip archive"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := allocated()
			_, err := read(c.file)
			if err == nil || !strings.Contains(err.Error(), c.part) {
				t.Errorf("error %v lacks %q", err, c.part)
			}
			if used := allocated() - before; used > bound(len(c.file)) {
				t.Errorf("%d bytes of memory were taken for a file of %d", used, len(c.file))
			}
		})
	}
}

// join makes one archive of the records of several, without unpacking them.
func join(t testing.TB, archives ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, a := range archives {
		r, err := zip.NewReader(bytes.NewReader(a), int64(len(a)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.File {
			if err := z.Copy(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// overlapping is an archive whose directory gives two storages the same bytes.
func overlapping(t testing.TB) []byte {
	t.Helper()
	pickle := proto + storage("FloatStorage", "0", 2) + storage("FloatStorage", "1", 2) + "\x86."
	b := withPickle(t, pickle)
	// The entry of data/1 in the directory gets the offset of data/0.
	first := bytes.LastIndex(b, []byte("x/data/0")) - 46
	second := bytes.LastIndex(b, []byte("x/data/1")) - 46
	copy(b[second+42:second+46], b[first+42:first+46])
	binary.LittleEndian.PutUint32(b[second+16:], crc32.ChecksumIEEE([]byte("01234567")))
	return b
}
