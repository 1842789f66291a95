% One case by MATPOWER's runpf with its defaults (tolerance 1e-8, 10 iterations), from the stored start.
%   MATPOWER_HOME=... octave-cli --no-gui all_cases.m CASE Q_LIMITS VOLTAGES_DIR
% Prints the figures of powerflow_all_cases/cases.csv; writes VOLTAGES_DIR/CASE.csv or CASE_q1.csv.
matpower_path;
args = argv(); name = args{end-2}; q = str2double(args{end-1}); out = args{end};
define_constants;
r = runpf(loadcase(name), mpoption('verbose', 0, 'out.all', 0, 'pf.enforce_q_lims', q));
live = r.bus(:, BUS_TYPE) ~= NONE;
printf('%s,%d,%d,%d,%d,%.9g,%.9g\n', name, sum(live), sum(r.gen(:, GEN_STATUS) > 0), r.success, r.iterations, ...
    max(r.bus(live, VM)), min(r.bus(live, VM)));
if r.success
    suffix = {'', '_q1'}{q + 1};
    f = fopen(fullfile(out, [name suffix '.csv']), 'w');
    fprintf(f, 'bus,vm_pu,va_degree\n');
    fprintf(f, '%d,%.12g,%.12g\n', r.bus(live, [BUS_I VM VA])');
    fclose(f);
end
