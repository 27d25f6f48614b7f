// Package clouds holds servers that answer as the real providers do, also when those misbehave: they page, throttle,
// refuse, hang up and answer half. Tests put the providers' own clients in front of them, and a program can serve
// them all as a cloud in a box. Nothing here is part of what nodeimage does at work.
//
// Every cloud has the same shape, in files that begin with its name; what stands in them begins with it too:
//
//   - a struct, EC2 say, with its contents per location behind a mutex, so that they can change while it serves;
//   - an embedded Behaviour, which gives it faults, latency and a record of its requests;
//   - New<Cloud>, which makes it, and methods that add and remove contents;
//   - the two methods of protocol, so that Behaviour can name its requests and refuse them in the cloud's own words;
//   - ServeHTTP, which is Behaviour.wrap around the real answer. Start and StartTLS put it on the network.
package clouds
