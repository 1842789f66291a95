% One run of one kind of work; what and on which case is in the file REQUEST, the answer goes to REPLY.
% Reading, warm-up and writing are outside the time.
1;

function [v, ok, sf, st] = solve_once(base_mva, bus, gen, branch, v0, ref, pv, pq, mpopt)
  [ybus, yf, yt] = makeYbus(base_mva, bus, branch);
  sbus = @(vm) makeSbus(base_mva, bus, gen, mpopt, vm);
  [v, ok] = newtonpf(ybus, sbus, v0, ref, pv, pq, mpopt);
  sf = v(branch(:, 1)) .* conj(yf * v) * base_mva;
  st = v(branch(:, 2)) .* conj(yt * v) * base_mva;
endfunction

function v0 = dc_start(base_mva, bus, gen, branch, ref, pv, pq)
  [b, ~, pbusinj] = makeBdc(base_mva, bus, branch);
  pbus = real(makeSbus(base_mva, bus, gen)) - pbusinj - bus(:, 5) / base_mva;
  va = dcpf(b, pbus, bus(:, 9) * pi / 180, ref, pv, pq);
  vm = ones(size(bus, 1), 1);
  on = gen(:, 8) > 0;
  vm(gen(on, 1)) = gen(on, 6);
  v0 = vm .* exp(1j * va);
endfunction

addpath(genpath(fullfile(getenv('MATPOWER_FOLDER'), 'lib')));
for part = {'mips', 'mp-opt-model', 'mptest'}
  addpath(fullfile(getenv('MATPOWER_FOLDER'), part{1}, 'lib'));
endfor
warning('off', 'all');
request = load(getenv('REQUEST'));
mpc = loadcase(request.case_file);
enforce = strcmp(request.kind, 'sweep-q');
mpopt = mpoption('verbose', 0, 'out.all', 0, 'pf.alg', 'NR', 'pf.tol', request.tolerance, 'pf.nr.max_it', 30, ...
                 'pf.enforce_q_lims', enforce);
% Consecutive numbers and no element out of service, as runpf has it inside; rows go back to the file's below.
full = mpc;
mpc = ext2int(mpc);
row_in = zeros(size(full.branch, 1), 1);
row_in(full.branch(:, 11) > 0) = 1:size(mpc.branch, 1);
[ref, pv, pq] = bustypes(mpc.bus, mpc.gen);
v0 = dc_start(mpc.baseMVA, mpc.bus, mpc.gen, mpc.branch, ref, pv, pq);
[base_v, base_ok] = solve_once(mpc.baseMVA, mpc.bus, mpc.gen, mpc.branch, v0, ref, pv, pq, mpopt);

nb = size(mpc.bus, 1);
nl = size(full.branch, 1);
if strcmp(request.kind, 'solve')
  tic;
  v0 = dc_start(mpc.baseMVA, mpc.bus, mpc.gen, mpc.branch, ref, pv, pq);
  [v, ok] = solve_once(mpc.baseMVA, mpc.bus, mpc.gen, mpc.branch, v0, ref, pv, pq, mpopt);
  seconds = toc;
  found = repmat(ok, nb, 1);
  solved = ok;
  s_from = s_to = zeros(nl, 1);
else
  k_sample = numel(request.sample);
  v = zeros(nb, k_sample);
  found = zeros(nb, k_sample);
  s_from = s_to = zeros(nl, k_sample);
  is_sample = zeros(numel(request.outages), 1);
  is_sample(request.sample) = 1:k_sample;
  on = full.branch(:, 11) > 0;
  solved = 0;
  tic;
  if enforce
    stored = mpc;
    stored.bus(:, 8) = abs(base_v);
    stored.bus(:, 9) = angle(base_v) * 180 / pi;
  endif
  for k = 1:numel(request.outages)
    at = row_in(request.outages(k));
    if enforce
      state = stored;
      state.branch(at, 11) = 0;
      state = rmfield(state, 'order');
      try
        state = runpf(state, mpopt);
        ok = state.success;
      catch problem
        % Thrown where every bus that regulates is at a limit: a state without a solution.
        fprintf('outage %d: %s\n', request.outages(k), problem.message);
        ok = 0;
        state.branch(:, 14:17) = 0;
      end_try_catch
      vk = state.bus(:, 8) .* exp(1j * pi / 180 * state.bus(:, 9));
      sf = state.branch(:, 14) + 1j * state.branch(:, 15);
      st = state.branch(:, 16) + 1j * state.branch(:, 17);
    else
      branch = mpc.branch;
      branch(at, 11) = 0;
      [vk, ok, sf, st] = solve_once(mpc.baseMVA, mpc.bus, mpc.gen, branch, base_v, ref, pv, pq, mpopt);
    endif
    solved = solved + ok;
    if is_sample(k)
      v(:, is_sample(k)) = vk;
      found(:, is_sample(k)) = ok;
      s_from(on, is_sample(k)) = sf;
      s_to(on, is_sample(k)) = st;
    endif
  endfor
  seconds = toc;
endif
save('-v7', getenv('REPLY'), 'seconds', 'v', 'found', 'solved', 's_from', 's_to');
