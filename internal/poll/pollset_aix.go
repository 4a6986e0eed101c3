package poll

type pollBits = uint16

// pollHangup is zero: this system's poll(2) cannot wait for the end of input alone.
const pollHangup pollBits = 0
