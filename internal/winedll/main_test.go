package main

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"testing"
)

// The loader finds the function by its name, and instead of code the name of another.
func TestLibrary_HandsItsFunctionOn(t *testing.T) {
	f, err := pe.NewFile(bytes.NewReader(library()))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	header, ok := f.OptionalHeader.(*pe.OptionalHeader64)
	if !ok || f.Machine != pe.IMAGE_FILE_MACHINE_AMD64 || f.Characteristics&pe.IMAGE_FILE_DLL == 0 {
		t.Fatal("not a library for amd64")
	}
	section := f.Sections[0]
	data, err := section.Data()
	if err != nil {
		t.Fatal(err)
	}
	exports := header.DataDirectory[pe.IMAGE_DIRECTORY_ENTRY_EXPORT]
	if exports.VirtualAddress != section.VirtualAddress || exports.Size != section.VirtualSize {
		t.Fatalf("the exports are at %#x, the section at %#x", exports.VirtualAddress, section.VirtualAddress)
	}
	at := func(address uint32) []byte { return data[address-section.VirtualAddress:] }
	number := func(address uint32) uint32 { return binary.LittleEndian.Uint32(at(address)) }
	text := func(address uint32) string { return string(at(address)[:bytes.IndexByte(at(address), 0)]) }
	start := section.VirtualAddress
	if got := text(number(start + 12)); got != name {
		t.Errorf("the library's name is %q", got)
	}
	if got := text(number(number(start + 32))); got != function {
		t.Errorf("it exports %q", got)
	}
	if got := text(number(number(start + 28))); got != target {
		t.Errorf("it hands on to %q", got)
	}
}
