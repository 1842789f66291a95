function mpc = crlf
mpc.version = "2"
mpc.baseMVA = 1, mpc.bus = [
1 3 0 0 0 0 1 1 0 1 1 1 1
]
%{
block
%}
mpc.gen = []; mpc.branch = []
