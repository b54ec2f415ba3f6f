mod tmp;
