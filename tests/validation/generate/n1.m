% Single-branch outages by MATPOWER's runpf: fixed dispatch, single slack, no reactive limits.
%   MATPOWER_HOME=... octave-cli --no-gui n1.m CASE OUT_FILE
% One row per in-service branch that is not a bridge. Loading is the larger end's MVA over rate A.
matpower_path;
args = argv(); name = args{end-1}; out = args{end};
define_constants;
opt = mpoption('verbose', 0, 'out.all', 0, 'pf.tol', 1e-10, 'pf.nr.max_it', 30);
mpc = runpf(loadcase(name), opt);
on = find(mpc.branch(:, BR_STATUS) > 0);
% bridges by taking each branch out and counting parts
nb = size(mpc.bus, 1);
[~, fi] = ismember(mpc.branch(:, F_BUS), mpc.bus(:, BUS_I));
[~, ti] = ismember(mpc.branch(:, T_BUS), mpc.bus(:, BUS_I));
function n = parts(f, t, nb)
    label = (1:nb)';
    while true
        m = label;
        m = min(m, accumarray([f; t], min(label(f), label(t))([1:end 1:end]'), [nb 1], @min, Inf));
        m = m(m);
        if isequal(m, label), break; end
        label = m;
    end
    n = numel(unique(label));
end
whole = parts(fi(on), ti(on), nb);
f = fopen(out, 'w');
fprintf(f, 'branch_row,converged,worst_loading,worst_branch_row,worst_mva,overloads,lowest_vm_pu,lowest_bus,highest_vm_pu,highest_bus\n');
for k = on'
    rest = on(on ~= k);
    if parts(fi(rest), ti(rest), nb) > whole, continue; end
    t = mpc; t.branch(k, BR_STATUS) = 0;
    r = runpf(t, opt);
    if ~r.success
        fprintf(f, '%d,0,,,,,,,,\n', k); continue;
    end
    s = max(abs(r.branch(:, PF) + 1j * r.branch(:, QF)), abs(r.branch(:, PT) + 1j * r.branch(:, QT)));
    s(k) = 0; s(r.branch(:, BR_STATUS) <= 0) = 0;
    rate = r.branch(:, RATE_A); rate(rate == 0) = Inf;
    [w, l] = max(s ./ rate);
    [lo, a] = min(r.bus(:, VM)); [hi, b] = max(r.bus(:, VM));
    fprintf(f, '%d,1,%.9g,%d,%.9g,%d,%.9g,%d,%.9g,%d\n', k, w, l, s(l), sum(s > rate), lo, r.bus(a, BUS_I), hi, r.bus(b, BUS_I));
end
fclose(f);
