% Compares case files that nodalroom rewrote with the originals, as MATPOWER loads both: every table
% bit for bit, every text cell by cell. MATPOWER has to be on the path.
%
%   octave --eval "addpath(...); compare_reader_with_matpower('ORIGINALS', 'REWRITTEN')"
%
% ORIGINALS and REWRITTEN are folders that hold files of the same names. Prints one line per case
% and an error at the end if one differs.
function compare_reader_with_matpower(originals, rewritten)
    files = dir(fullfile(originals, 'case*.m'));
    differing = 0;
    for k = 1:numel(files)
        name = files(k).name;
        expected = loadcase(fullfile(originals, name));
        actual = loadcase(fullfile(rewritten, name));
        [problem, numbers, texts] = first_difference(expected, actual, 'mpc');
        if isempty(problem)
            printf('%-28s equal   %9d numbers %7d texts\n', name, numbers, texts);
        else
            printf('%-28s DIFFERS %s\n', name, problem);
            differing = differing + 1;
        end
    end
    printf('%d cases, %d differ\n', numel(files), differing);
    if differing > 0, error('%d cases differ', differing); end
end

function [problem, numbers, texts] = first_difference(expected, actual, path)
    problem = ''; numbers = 0; texts = 0;
    if ~strcmp(class(expected), class(actual)) || ~isequal(size(expected), size(actual))
        problem = sprintf('%s: %s %s, expected %s %s', path, class(actual), mat2str(size(actual)), ...
                          class(expected), mat2str(size(expected)));
    elseif isstruct(expected)
        names = fieldnames(expected);
        if ~isequal(sort(names), sort(fieldnames(actual)))
            problem = sprintf('%s: fields differ: %s', path, strjoin(setxor(names, fieldnames(actual))', ' '));
            return
        end
        for k = 1:numel(names)
            [problem, n, t] = first_difference(expected.(names{k}), actual.(names{k}), [path '.' names{k}]);
            numbers = numbers + n; texts = texts + t;
            if ~isempty(problem), return, end
        end
    elseif isnumeric(expected)
        numbers = numel(expected);
        differing = find(typecast(expected(:), 'uint64') ~= typecast(actual(:), 'uint64'));
        if ~isempty(differing)
            [row, column] = ind2sub(size(expected), differing(1));
            problem = sprintf('%s(%d, %d): %.17g, expected %.17g (%d such)', path, row, column, ...
                              actual(differing(1)), expected(differing(1)), numel(differing));
        end
    else
        texts = numel(expected);
        if ~isequal(expected, actual), problem = sprintf('%s: texts differ', path); end
    end
end
