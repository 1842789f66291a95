% Puts MATPOWER on the path; MATPOWER_HOME is the folder that holds lib/ and data/.
home_ = getenv('MATPOWER_HOME');
assert(~isempty(home_), 'set MATPOWER_HOME');
for part_ = {'', 'lib', 'data', 'mips/lib', 'mp-opt-model/lib', 'mptest/lib', 'most/lib'}
    addpath(fullfile(home_, part_{1}));
end
warning('off', 'all');
