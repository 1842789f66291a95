% Loadability noses by MATPOWER's runcpf, each checked by bisection with runpf.
%   MATPOWER_HOME=... octave-cli --no-gui collapse.m OUT_DIR
% uniform.csv: factor on every Pd, Qd and Pg at the nose.
% single_bus.csv: new load in MW at one bus, lambda*tan(acos(0.95)) MVAr with it; the reference bus
% supplies all of it. Neither has reactive limits. "bisection" is the largest load that runpf still
% solves when it starts from the solution of a slightly smaller load.
matpower_path;
args = argv(); out = args{end};
define_constants;
base = mpoption('verbose', 0, 'out.all', 0, 'pf.tol', 1e-9, 'pf.nr.max_it', 40);
cpf = mpoption(base, 'cpf.stop_at', 'NOSE', 'cpf.adapt_step', 1, 'cpf.step', 0.02, 'cpf.step_min', 1e-7, ...
    'cpf.step_max', 0.05, 'cpf.adapt_step_tol', 1e-4, 'cpf.nose_tol', 1e-8, 'cpf.enforce_q_lims', 0);

function [lo, hi, vm] = last_solved(r, apply, x, step, width, opt)
    % raise x while runpf solves from the last solution; halve the step where it does not
    define_constants;
    lo = 0; hi = Inf; dive = 0;
    while step > width
        t = apply(r, lo + step);
        s = runpf(t, opt);
        % a jump to the lower branch is a failure too
        if s.success && max(abs(s.bus(:, VM) - r.bus(:, VM))) < 0.12
            r = s; lo = lo + step;
            if isinf(hi), step = step * 1.2; end
        else
            hi = lo + step; step = step / 2;
        end
    end
    vm = r.bus(:, VM);
end

f = fopen(fullfile(out, 'uniform.csv'), 'w');
fprintf(f, 'case,nose_factor,bisection_factor,lowest_vm_pu\n');
for c = {'case9', 'case14', 'case39', 'case118'}
    b = runpf(c{1}, base); m = loadcase(c{1});
    t = m; t.bus(:, [PD QD]) = 2 * m.bus(:, [PD QD]); t.gen(:, PG) = 2 * m.gen(:, PG);
    r = runcpf(m, t, cpf);
    function q = scaled(q, k, m)
        define_constants;
        q.bus(:, [PD QD]) = (1 + k) * m.bus(:, [PD QD]); q.gen(:, PG) = (1 + k) * m.gen(:, PG);
    end
    [lo, hi, vm] = last_solved(b, @(q, k) scaled(q, k, m), 0, 0.1, 2e-7, base);
    fprintf(f, '%s,%.7f,%.7f,%.5f\n', c{1}, 1 + r.cpf.max_lam, 1 + lo, min(vm));
    fflush(f);
end
fclose(f);

f = fopen(fullfile(out, 'single_bus.csv'), 'w');
fprintf(f, 'case,bus,nose_mw,bisection_mw,vm_at_bus_pu,base_pd_mw\n');
jobs = {'case9', [5 7 9]; 'case14', [3 9 14]; 'case39', [7 20]; 'case118', [11 30 38 44 95]; ...
        'case_ACTIVSg200', [1 10 81]};
for j = 1:size(jobs, 1)
    for bus = jobs{j, 2}
        m = loadcase(jobs{j, 1}); b = runpf(m, base);
        k = find(m.bus(:, BUS_I) == bus);
        % runcpf wants the same loads in base and target: a bus without one gets 1e-9 MW
        if m.bus(k, PD) == 0, m.bus(k, PD) = 1e-9; end
        span = 100; tp = tan(acos(0.95));
        t = m; t.bus(k, [PD QD]) = m.bus(k, [PD QD]) + span * [1 tp];
        r = runcpf(m, t, cpf);
        function q = added(q, x, m, k, tp)
            define_constants;
            q.bus(k, [PD QD]) = m.bus(k, [PD QD]) + x * [1 tp];
        end
        [lo, hi, vm] = last_solved(b, @(q, x) added(q, x, m, k, tp), 0, 5, 1e-4, base);
        fprintf(f, '%s,%d,%.4f,%.4f,%.5f,%.12g\n', jobs{j, 1}, bus, span * r.cpf.max_lam, lo, vm(k), m.bus(k, PD));
        fflush(f);
    end
end
fclose(f);
