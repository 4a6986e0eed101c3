package child

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
)

// Options say what to start. One of Role and Program is needed.
type Options struct {
	// Role starts this program once more, as that child: see [Main].
	Role string
	// Program is the path of another program to start, with Args, in the directory Dir. Default of Dir: this
	// process's.
	Program string
	Args    []string
	Dir     string
	// Env is added to this process's environment, each "NAME=value".
	Env []string
	// Log expects the line on the standard error, where programs log. The standard output is thrown away then.
	Log bool
	// StopBy is the signal that [Process.Stop] asks the program to end with. Default: none, as a child ends with
	// its standard input.
	StopBy os.Signal
}

func (o Options) name() string { return cmp.Or(o.Role, o.Program) }

// command returns what is ready to start, and says its line to v.
func (o Options) command(v *voice) (*exec.Cmd, error) {
	program, env := o.Program, append(os.Environ(), o.Env...)
	if o.Role != "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		program, env = self, append(env, fmt.Sprint(roleEnv, "=", o.Role))
	}
	cmd := exec.Command(program, o.Args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = o.Dir, env, grace
	if o.Log {
		cmd.Stderr = v
	} else {
		cmd.Stdout, cmd.Stderr = v, os.Stderr
	}
	return cmd, nil
}
