function mpc = condition
mpc.version = '2';
mpc.baseMVA = 100;
fixed = 1;
mpc.bus = [1 3 0 0 0 0 1 1 0 380 1 1.1 0.9];
mpc.gen = [1 50 0 Inf -Inf 1 100 1 Inf -Inf; 1 5 0 9 -9 1 100 1 9 0];
mpc.branch = [];
define_constants
if fixed
    k = find(   isinf(mpc.gen(:, QMIN)) & ...
                isinf(mpc.gen(:, QMAX)) | ~isnan(mpc.gen(:, PMIN))  );
    mpc.gen(k, PMIN) = mpc.gen(k, PG);
elseif fixed == 2 && numel(k) > 1
    x = [1 -2; 3:4]'; y = x(:, 1).^2;
else
    z = 2^-1 * (1 + ones(2, 2));
end
end
