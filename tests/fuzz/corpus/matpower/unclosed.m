function mpc = unclosed
mpc.version = '2';
mpc.bus = [
1 3 0 0 0 0 1 1 0 380 1 1.1 0.9
mpc.gen = [
