% Power flow solutions by MATPOWER's runpf: buses and units, with and without reactive limits.
%   MATPOWER_HOME=... octave-cli --no-gui voltages.m CASE OUT_DIR TOLERANCE
% Writes OUT_DIR/buses_q{0,1}.csv, units_q{0,1}.csv and summary.csv.
% "at_limit" is +1/-1 where runpf held the unit at Qmax/Qmin; empty files are not written for
% a run that did not converge.
matpower_path;
args = argv();
name = args{end-2}; out = args{end-1}; tolerance = str2double(args{end});
define_constants;
summary = fopen(fullfile(out, 'summary.csv'), 'w');
fprintf(summary, 'q_limits,converged,iterations,max_vm_pu,min_vm_pu,slack_bus_limited\n');
for q = 0:1
    opt = mpoption('verbose', 0, 'out.all', 0, 'pf.tol', tolerance, 'pf.nr.max_it', 20, 'pf.enforce_q_lims', q);
    mpc = loadcase(name);
    r = runpf(mpc, opt);
    live = r.bus(:, BUS_TYPE) ~= NONE;
    refs = mpc.bus(mpc.bus(:, BUS_TYPE) == REF, BUS_I);
    % a unit held at a limit sits at it exactly; runpf leaves free ones strictly inside
    at = zeros(size(r.gen, 1), 1);
    on = r.gen(:, GEN_STATUS) > 0;
    if q
        ids = r.bus(:, BUS_I);
        [~, row] = ismember(r.gen(:, GEN_BUS), ids);
        type0 = mpc.bus(row, BUS_TYPE);
        at(on & type0 ~= PQ & abs(r.gen(:, QG) - r.gen(:, QMAX)) < 1e-6) = 1;
        at(on & type0 ~= PQ & abs(r.gen(:, QG) - r.gen(:, QMIN)) < 1e-6 & at == 0) = -1;
    end
    limited = any(ismember(r.gen(at ~= 0, GEN_BUS), refs));
    fprintf(summary, '%d,%d,%d,%.12g,%.12g,%d\n', q, r.success, r.iterations, ...
        max(r.bus(live, VM)), min(r.bus(live, VM)), limited);
    if ~r.success, continue; end
    f = fopen(fullfile(out, sprintf('buses_q%d.csv', q)), 'w');
    fprintf(f, 'bus,vm_pu,va_degree\n');
    fprintf(f, '%d,%.12g,%.12g\n', r.bus(live, [BUS_I VM VA])');
    fclose(f);
    f = fopen(fullfile(out, sprintf('units_q%d.csv', q)), 'w');
    fprintf(f, 'unit_row,bus,pg_mw,qg_mvar,at_limit\n');
    rows = find(on);
    fprintf(f, '%d,%d,%.12g,%.12g,%d\n', [rows r.gen(rows, [GEN_BUS PG QG]) at(rows)]');
    fclose(f);
end
fclose(summary);
