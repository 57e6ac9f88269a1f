import React from 'react';

export function A({ x }: P) {
  return (
    <p>{x}</p>
  );
}
