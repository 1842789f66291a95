function mpc = tables
%TABLES  every kind of table
mpc.version = '2';
%% system MVA base
mpc.baseMVA = 50/3;
%	bus_i	type	Pd
mpc.bus = [
	1	3	0	0	0	0	1	1	0	135/sqrt(3)	1	1.1	0.9;
	2	1	5.0e1	1d1	0	-0	1	1.	.0	380	1	1.1	0.9  % load
	10	2	+1	-1	0	0	1	1	0	380	1 ...
	  1.1	0.9
];
mpc.gen = [
	1	50	0	Inf	-Inf	1	100	1	Inf	-Inf	0	0;
];
mpc.branch = [1, 2, 0.01, 0.1, 0.02, 250, 250, 250, 0, 0, 1
              2, 10, 0.01 0.1 - 0.02 0, 250 250 250 0.98 -3 1];
mpc.gencost = [2 0 0 3 0.1 20 NaN];
mpc.dcline = [];
mpc.areas = zeros(0, 2);
mpc.reserves.zones = [1 1];
mpc.bus_name = {'A'; 'it''s'; "say ""x"""};
mpc.pairs = {'a' 'b'; 'c', ''};
mpc.about = 'dropped';
