package stream

import "unsafe"

// Size is what one stream takes in memory.
const Size = unsafe.Sizeof(Stream{})
