package clouddirector

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestAfterwards measures how long a log-out may take.
func TestAfterwards(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  time.Duration // when the look's own context ends
		want time.Duration
	}{
		"look goes on":          {time.Hour, logOutTime},
		"look is over":          {0, farewell},
		"look ends a bit later": {time.Second, time.Second + farewell},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				look, cancelLook := context.WithTimeout(t.Context(), c.end)
				defer cancelLook()
				start := time.Now()
				ctx, cancel := afterwards(look)
				defer cancel()
				<-ctx.Done()
				if took := time.Since(start); took != c.want {
					t.Errorf("took %s, want %s", took, c.want)
				}
			})
		})
	}
}
