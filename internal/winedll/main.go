// Command winedll writes bcryptprimitives.dll into a directory. Go programs for Windows ask
// this library for random numbers, and Wine before version 9 does not have it. Its one function,
// ProcessPrng, is handed on to one that Wine has and that does the same.
//
//	go run ./internal/winedll DIRECTORY
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
)

const (
	name     = "bcryptprimitives.dll"
	function = "ProcessPrng"
	target   = "ADVAPI32.SystemFunction036" // RtlGenRandom
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: winedll DIRECTORY")
		os.Exit(2)
	}
	if err := os.WriteFile(filepath.Join(os.Args[1], name), library(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "winedll:", err)
		os.Exit(1)
	}
}

const (
	alignment = 0x200  // of parts in the file
	address   = 0x1000 // of the only section in memory
)

// library returns the file: headers and a table of exports, no code.
func library() []byte {
	exports := exportTable()
	var b bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			binary.Write(&b, binary.LittleEndian, v)
		}
	}
	pad := func(n int) { b.Write(make([]byte, n-b.Len())) }

	b.WriteString("MZ")
	pad(0x3c)
	put(uint32(0x40)) // where the rest of the headers begins
	b.WriteString("PE\x00\x00")
	// The file header: amd64, one section, size of the next header, a DLL.
	put(uint16(0x8664), uint16(1), uint32(0), uint32(0), uint32(0), uint16(240), uint16(0x2022))
	// The optional header.
	put(uint16(0x20b), uint16(14), uint32(0), uint32(alignment), uint32(0), uint32(0), uint32(address))
	put(uint64(0x1_8000_0000), uint32(0x1000), uint32(alignment)) // where it likes to be loaded
	put(uint32(6), uint32(0), uint32(6), uint32(0))               // versions
	put(uint32(2*address), uint32(alignment), uint32(0), uint16(2), uint16(0x160))
	put(uint64(0x10_0000), uint64(0x1000), uint64(0x10_0000), uint64(0x1000)) // stack and heap
	put(uint32(0), uint32(16), uint32(address), uint32(len(exports)), make([]byte, 15*8))
	// The section: data that can be read.
	b.WriteString(".rdata\x00\x00")
	put(uint32(len(exports)), uint32(address), uint32(alignment), uint32(alignment), make([]byte, 12), uint32(0x4000_0040))
	pad(alignment)
	b.Write(exports)
	pad(2 * alignment)
	return b.Bytes()
}

// exportTable exports one function, number 1. Its address lies within the table, which
// makes it the name of a function elsewhere.
func exportTable() []byte {
	const functions = address + 40 // behind the table's head
	const names, ordinals, texts = functions + 4, functions + 8, functions + 12
	nameAt := uint32(texts)
	functionAt := nameAt + uint32(len(name)) + 1
	targetAt := functionAt + uint32(len(function)) + 1
	var b bytes.Buffer
	for _, v := range []any{
		uint32(0), uint32(0), uint32(0), nameAt, uint32(1), uint32(1), uint32(1),
		uint32(functions), uint32(names), uint32(ordinals),
		targetAt, functionAt, uint16(0), uint16(0),
		[]byte(name + "\x00" + function + "\x00" + target + "\x00"),
	} {
		binary.Write(&b, binary.LittleEndian, v)
	}
	return b.Bytes()
}
